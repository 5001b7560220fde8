// Owns what differs between two versions of a dashboard, and the sentences that say it: panels, variables and settings, from
// the earlier one to the later one. Never loads a version, and never compares what panels show.
import { texts } from "../texts";
import type { Board, Panel } from "./board";

/** What is said of a panel that is another than it was; many fields are one word for a reader. */
export type PanelPart = "kind" | "query" | "place" | "text" | "description" | "display" | "links" | "repeat";
export type SettingPart = "title" | "description" | "range" | "refresh" | "links" | "annotations" | "translations";

/** Of every field, so that a new one cannot be forgotten; what a panel is called is said for itself. */
const PANEL_PARTS: Record<Exclude<keyof Panel, "id" | "title">, PanelPart> = {
  kind: "kind", queries: "query", traces: "query", map: "query", x: "place", y: "place", w: "place", h: "place", text: "text", description: "description",
  unit: "display", thresholds: "display", drawing: "display", legend: "display", reduce: "display", min: "display", max: "display", mappings: "display", columns: "display", sort: "display",
  links: "links", repeat: "repeat",
};
const SETTING_PARTS: Record<Exclude<keyof Board, "version" | "variables" | "panels">, SettingPart> = {
  title: "title", description: "description", range: "range", refresh: "refresh", links: "links", annotations: "annotations", translations: "translations",
};

export interface PanelChange {
  title: string;
  /** What it was called, where that is something else. */
  calledBefore: string | null;
  parts: PanelPart[];
}

export interface BoardDifferences {
  panelsAdded: string[];
  panelsRemoved: string[];
  /** Only their place is another: one panel that is dragged moves many. */
  panelsMoved: string[];
  panelsChanged: PanelChange[];
  variablesAdded: string[];
  variablesRemoved: string[];
  variablesChanged: string[];
  settings: SettingPart[];
}

/** Documents that were read have their fields in one order. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function partsThatDiffer<Part extends string>(parts: Record<string, Part>, before: object, after: object): Part[] {
  const differ = Object.entries(parts).filter(([field]) => !isSame(before[field as never], after[field as never]));
  return [...new Set(differ.map(([, part]) => part))];
}

/** What a panel is called, or what it is where it has no title. */
const nameOf = (panel: Panel): string => (panel.title.trim() === "" ? texts.boardHistory.untitled(texts.boards.kinds[panel.kind]) : `“${panel.title}”`);

/** Panels with what they have become: by their id, else (of a dashboard that was imported anew) by title and kind. */
function pairsOf(before: readonly Panel[], after: readonly Panel[]): [Panel, Panel][] {
  const pairs = before.flatMap((panel): [Panel, Panel][] => {
    const same = after.find((one) => one.id === panel.id);
    return same ? [[panel, same]] : [];
  });
  const [left, right] = [before.filter((panel) => pairs.every(([one]) => one !== panel)), after.filter((panel) => pairs.every(([, one]) => one !== panel))];
  for (const panel of left) {
    const place = right.findIndex((one) => one.title === panel.title && one.kind === panel.kind);
    if (place >= 0) pairs.push([panel, ...right.splice(place, 1)] as [Panel, Panel]);
  }
  return pairs;
}

export function boardDifferences(before: Board, after: Board): BoardDifferences {
  const pairs = pairsOf(before.panels, after.panels);
  const changes = pairs.map(([one, other]) => ({ title: nameOf(other), calledBefore: one.title === other.title ? null : nameOf(one), parts: partsThatDiffer(PANEL_PARTS, one, other) }));
  const isMove = ({ calledBefore, parts }: PanelChange): boolean => calledBefore === null && isSame(parts, ["place"]);
  const [earlier, later] = [before.variables ?? [], after.variables ?? []];
  const byName = (name: string) => (variable: { name: string }): boolean => variable.name === name;
  return {
    panelsAdded: after.panels.filter((panel) => pairs.every(([, one]) => one !== panel)).map(nameOf),
    panelsRemoved: before.panels.filter((panel) => pairs.every(([one]) => one !== panel)).map(nameOf),
    panelsMoved: changes.filter(isMove).map(({ title }) => title),
    panelsChanged: changes.filter((change) => !isMove(change) && (change.calledBefore !== null || change.parts.length > 0)),
    variablesAdded: later.filter(({ name }) => !earlier.some(byName(name))).map(({ name }) => `$${name}`),
    variablesRemoved: earlier.filter(({ name }) => !later.some(byName(name))).map(({ name }) => `$${name}`),
    variablesChanged: later.filter((variable) => earlier.some((one) => one.name === variable.name && !isSame(one, variable))).map(({ name }) => `$${name}`),
    settings: partsThatDiffer(SETTING_PARTS, before, after),
  };
}

/** More names than this in one sentence are a number. */
const NAMED_MOST = 6;

function namesOf(names: readonly string[]): string {
  const say = texts.boardHistory;
  const named = names.slice(0, NAMED_MOST).join(say.comma);
  return names.length > NAMED_MOST ? say.andMore(named, names.length - NAMED_MOST) : named;
}

/** A sentence for each kind of difference; none where the two say the same. */
export function differenceSentences(differences: BoardDifferences): string[] {
  const say = texts.boardHistory;
  const some = (names: readonly string[], sentence: (names: string) => string): string[] => (names.length === 0 ? [] : [sentence(namesOf(names))]);
  return [
    ...some(differences.panelsAdded, say.panelsAdded),
    ...some(differences.panelsRemoved, say.panelsRemoved),
    ...differences.panelsChanged.map(({ title, calledBefore, parts }) => {
      const what = parts.map((part) => say.panelParts[part]).join(say.comma);
      if (calledBefore === null) return say.panelChanged(title, what);
      return parts.length === 0 ? say.panelRenamed(calledBefore, title) : say.panelRenamedAndChanged(calledBefore, title, what);
    }),
    ...some(differences.panelsMoved, say.panelsMoved),
    ...some(differences.variablesAdded, say.variablesAdded),
    ...some(differences.variablesRemoved, say.variablesRemoved),
    ...some(differences.variablesChanged, say.variablesChanged),
    ...some(differences.settings.map((part) => say.settingParts[part]), say.settingsChanged),
  ];
}
