// Owns which panels show their usual band and their forecast: ids in the address, so that a link shows the same.
import type { Panel } from "../../model/board";
import { setParameters, useParameter } from "../../router";

export type Outlook = "unusual" | "forecast";

const idsOf = (text: string | null): string[] => (text ?? "").split(",").filter((id) => id !== "");

/** Lines side by side only: a band round a pile means nothing. */
export const hasOutlook = (panel: Panel): boolean => panel.kind === "timeseries" && (panel.drawing ?? "lines") === "lines" && !panel.id.includes(",");

export function usePanelOutlook(panel: Panel) {
  const [unusual] = useParameter("unusual");
  const [forecast] = useParameter("forecast");
  const isOn = (text: string | null): boolean => hasOutlook(panel) && idsOf(text).includes(panel.id);
  const toggle = (which: Outlook): void => {
    const ids = idsOf(which === "unusual" ? unusual : forecast);
    setParameters({ [which]: (ids.includes(panel.id) ? ids.filter((id) => id !== panel.id) : [...ids, panel.id]).join(",") || null });
  };
  return { isUnusual: isOn(unusual), isForecast: isOn(forecast), toggle };
}
