// Owns panels that are shown once for each value of a variable: which ones there are and where they lie. Pure.
import { GRID_COLUMNS, type Panel } from "../model/board";
import type { ChosenValues } from "../model/boardVariables";
import { compacted } from "./boardGrid";

/** More would be no overview, and as many queries. */
const COPIES_MOST = 24;
const COLUMNS_MOST = 4;

export interface RepeatedPanel {
  panel: Panel;
  /** With the variable at the one value that this panel is for. */
  chosen: ChosenValues;
}

/** Every panel once, those that repeat as often as their variable has values; by id. A variable without values leaves one. */
export function repeatPanels(panels: readonly Panel[], chosen: ChosenValues): Map<string, RepeatedPanel> {
  const all: RepeatedPanel[] = [];
  let shift = 0;
  for (const panel of [...panels].sort((a, b) => a.y - b.y || a.x - b.x)) {
    const values = panel.repeat ? (chosen[panel.repeat]?.values ?? []).slice(0, COPIES_MOST) : [];
    const moved = { ...panel, y: panel.y + shift };
    if (!panel.repeat || values.length < 2) {
      all.push({ panel: moved, chosen });
      continue;
    }
    const columns = Math.min(values.length, COLUMNS_MOST);
    const w = Math.floor(GRID_COLUMNS / columns);
    values.forEach((value, place) => {
      all.push({
        panel: { ...moved, id: place === 0 ? panel.id : `${panel.id}~${value}`, x: (place % columns) * w, y: moved.y + Math.floor(place / columns) * panel.h, w },
        chosen: { ...chosen, [panel.repeat as string]: { values: [value], isAll: false } },
      });
    });
    shift += (Math.ceil(values.length / columns) - 1) * panel.h;
  }
  const placed = compacted(all.map((one) => one.panel));
  return new Map(all.map((one, place) => [placed[place].id, { ...one, panel: placed[place] }]));
}
