// Owns where the ticks of a span's events lie on its row. Pure; never knows what an event means.
import type { EventMark } from "../model/eventMarks";
import { placeMoment } from "./bars";
import type { TimeWindow } from "./timeWindow";

export interface EventTick {
  /** Percent of the time column. */
  left: number;
  names: string[];
  isException: boolean;
}

/** Closer than this two ticks could not be told apart, nor hovered: one stands for both. */
const LEAST_APART_PERCENT = 0.4;

/** Ticks of what is on screen; an exception among what one tick stands for makes it one. `marks` come by time. */
export function placeTicks(marks: readonly EventMark[], window: TimeWindow): EventTick[] {
  const ticks: EventTick[] = [];
  for (const mark of marks) {
    const left = placeMoment(mark.atNs, window);
    if (left === null) continue;
    const last = ticks.at(-1);
    if (last && left - last.left < LEAST_APART_PERCENT) {
      last.names.push(mark.name);
      last.isException ||= mark.isException;
    } else {
      ticks.push({ left, names: [mark.name], isException: mark.isException });
    }
  }
  return ticks;
}
