// Owns where the bars of a fold's members lie in its one row: those that touch are one bar, so that ten thousand
// members cost no more than the row has room for. Pure.
import { placeBar } from "./bars";
import type { TimeWindow } from "./timeWindow";

export interface FoldBar {
  left: number;
  width: number;
}

/** Percent of the row below which a gap is not seen. */
const LEAST_GAP = 0.15;

/** `starts` and `ends` belong together and are in order of start. */
export function placeFoldBars(starts: readonly number[], ends: readonly number[], window: TimeWindow): FoldBar[] {
  const bars: FoldBar[] = [];
  let open: FoldBar | null = null;
  for (let index = 0; index < starts.length; index++) {
    const place = placeBar(starts[index], ends[index], window);
    if (place.offscreen) continue;
    if (open && place.left <= open.left + open.width + LEAST_GAP) {
      open.width = Math.max(open.width, place.left + place.width - open.left);
      continue;
    }
    open = { left: place.left, width: place.width };
    bars.push(open);
  }
  return bars;
}
