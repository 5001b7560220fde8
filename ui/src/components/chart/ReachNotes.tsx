// Owns the sentences about lines that are heading for their end: full, or used up. Never reckons.
import { formatDuration } from "../../model/duration";
import type { Reach } from "../../model/outlook";
import { texts } from "../../texts";

const MINUTE_S = 60;
const DAY_S = 86_400;

/** No more exact than a straight line can be. */
function roughly(seconds: number): string {
  if (seconds >= 2 * DAY_S) return texts.explorer.days(Math.round(seconds / DAY_S));
  return formatDuration(Math.max(Math.round(seconds / MINUTE_S), 1) * MINUTE_S * 1e9);
}

export function ReachNotes({ reaches }: { reaches: readonly { name: string; reach: Reach }[] }) {
  return reaches.map(({ name, reach }) => (
    <p key={name} className="metric-note small reach-note">
      {name}: <strong>{reach.isFull ? texts.explorer.fullIn(roughly(reach.inSeconds)) : texts.explorer.emptyIn(roughly(reach.inSeconds))}</strong>
    </p>
  ));
}
