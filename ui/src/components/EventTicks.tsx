// Owns the ticks of events on one bar; exceptions stand out. Places come from layout/eventTicks.
import { placeTicks } from "../layout/eventTicks";
import type { TimeWindow } from "../layout/timeWindow";
import type { EventMark } from "../model/eventMarks";
import { texts } from "../texts";

export function EventTicks({ marks, window }: { marks: readonly EventMark[]; window: TimeWindow }) {
  return placeTicks(marks, window).map((tick) => {
    const label = texts.trace.eventTick(tick.names);
    return <span key={tick.left} className="event-tick" role="img" aria-label={label} title={label} data-exception={tick.isException || undefined} style={{ left: `${tick.left}%` }} />;
  });
}
