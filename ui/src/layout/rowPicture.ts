// Owns what one row of the waterfall shows in the column of time, as shapes in pixels: bars, the parts of a bar outside its
// parent, critical segments, ticks of events, the label. Pure; never paints and never measures text.
import type { CriticalSegment } from "../model/criticalPath";
import type { EventMark } from "../model/eventMarks";
import { isMissing, type TraceTree } from "../model/traceTree";
import { placeBar, type BarPlace } from "./bars";
import { placeTicks, type EventTick } from "./eventTicks";
import { placeFoldBars } from "./foldBars";
import type { TimeWindow } from "./timeWindow";

export interface Stretch {
  x: number;
  width: number;
}

export interface RowLabel {
  x: number;
  /** Which end of the text lies at `x`. */
  align: "left" | "right";
  /** Written over the bar, on a ground of its own. */
  isInside: boolean;
  /** The bar is not on screen; the label says on which side it lies. */
  offscreen: "before" | "after" | null;
}

export interface RowPicture {
  bars: Stretch[];
  /** Where the span ran before or after its parent: drawn thin. */
  outside: Stretch[];
  critical: Stretch[];
  /** `left` is in percent, as layout/eventTicks has it. */
  ticks: EventTick[];
  label: RowLabel;
}

const BAR_LEAST_PX = 2;
const LABEL_GAP_PX = 7;
const INSIDE_GAP_PX = 11;
/** A duration and a code: with less than this a label would be cut off, which percent alone do not see on a phone. */
const LABEL_ROOM_PX = 96;

export interface RowContent {
  tree: TraceTree;
  node: number;
  window: TimeWindow;
  /** Of the column of time, in pixels. */
  width: number;
  segments?: readonly CriticalSegment[];
  marks?: readonly EventMark[];
}

export function spanPicture({ tree, node, window, width, segments, marks }: RowContent): RowPicture {
  const place = placeBar(tree.startOf[node], tree.endOf[node], window);
  if (place.offscreen) return { bars: [], outside: [], critical: [], ticks: [], label: offscreenLabel(place.offscreen, width) };
  const { within, outside } = partsOf(tree, node);
  return {
    bars: within === null ? [] : stretches([within], window, width),
    outside: stretches(outside, window, width),
    critical: criticalParts(segments, window, width),
    ticks: marks ? placeTicks(marks, window) : [],
    label: labelBeside(place, width),
  };
}

/** All bars of a fold's members in one row. */
export function foldPicture({ tree, window, width, segments }: RowContent, members: readonly number[]): RowPicture {
  const bars = placeFoldBars(members.map((one) => tree.startOf[one]), members.map((one) => tree.endOf[one]), window);
  const right = bars.reduce((most, bar) => Math.max(most, bar.left + bar.width), 0);
  const left = bars[0]?.left ?? 0;
  const isLeft = right > 80;
  return {
    bars: bars.map((bar) => ({ x: toPixels(bar.left, width), width: Math.max(BAR_LEAST_PX, toPixels(bar.width, width)) })),
    outside: [],
    critical: criticalParts(segments, window, width),
    ticks: [],
    label: { x: toPixels(isLeft ? Math.max(left, 30) : right, width) + (isLeft ? -LABEL_GAP_PX : LABEL_GAP_PX), align: isLeft ? "right" : "left", isInside: isLeft && left < 30, offscreen: null },
  };
}

const toPixels = (percent: number, width: number): number => (percent / 100) * width;

type Times = readonly [startNs: number, endNs: number];

/** Only what sticks out by more than a thousandth of the span itself: less is rounding of clocks. */
function partsOf(tree: TraceTree, node: number): { within: Times | null; outside: Times[] } {
  const [start, end] = [tree.startOf[node], tree.endOf[node]];
  const parent = tree.parentOf[node];
  if (parent === -1 || isMissing(tree, parent)) return { within: [start, end], outside: [] };
  const [parentStart, parentEnd] = [tree.startOf[parent], tree.endOf[parent]];
  const least = (end - start) / 1000;
  const before = parentStart - start > least;
  const after = end - parentEnd > least;
  if (!before && !after) return { within: [start, end], outside: [] };
  if (end <= parentStart || start >= parentEnd) return { within: null, outside: [[start, end]] };
  const outside: Times[] = [];
  if (before) outside.push([start, parentStart]);
  if (after) outside.push([parentEnd, end]);
  return { within: [before ? parentStart : start, after ? parentEnd : end], outside };
}

function stretches(times: readonly Times[], window: TimeWindow, width: number): Stretch[] {
  const found: Stretch[] = [];
  for (const [start, end] of times) {
    const place = placeBar(start, end, window);
    if (!place.offscreen) found.push({ x: toPixels(place.left, width), width: Math.max(BAR_LEAST_PX, toPixels(place.width, width)) });
  }
  return found;
}

function criticalParts(segments: readonly CriticalSegment[] | undefined, window: TimeWindow, width: number): Stretch[] {
  return segments ? stretches(segments.map((segment) => [segment.startNs, segment.endNs]), window, width) : [];
}

function labelBeside(place: BarPlace, width: number): RowLabel {
  const left = toPixels(place.left, width);
  const right = left + Math.max(BAR_LEAST_PX, toPixels(place.width, width));
  const side = sideOf(place, left, right, width);
  if (side === "right") return { x: right + LABEL_GAP_PX, align: "left", isInside: false, offscreen: null };
  if (side === "left") return { x: left - LABEL_GAP_PX, align: "right", isInside: false, offscreen: null };
  return { x: Math.max(left, 0) + INSIDE_GAP_PX, align: "left", isInside: true, offscreen: null };
}

function sideOf(place: BarPlace, left: number, right: number, width: number): BarPlace["label"] {
  const room = { right: width - right, left };
  if (place.label === "inside" || room[place.label] >= LABEL_ROOM_PX) return place.label;
  const other = place.label === "right" ? "left" : "right";
  if (room[other] >= LABEL_ROOM_PX) return other;
  if (right - left >= LABEL_ROOM_PX) return "inside";
  return room.left > room.right ? "left" : "right";
}

function offscreenLabel(side: "before" | "after", width: number): RowLabel {
  return { x: side === "before" ? LABEL_GAP_PX : width - LABEL_GAP_PX, align: side === "before" ? "left" : "right", isInside: false, offscreen: side };
}

/** The tick under the pointer, if there is one. */
export function tickAt(picture: RowPicture, x: number, width: number): EventTick | null {
  let nearest: EventTick | null = null;
  let least = 5;
  for (const tick of picture.ticks) {
    const apart = Math.abs(toPixels(tick.left, width) - x);
    if (apart > least) continue;
    nearest = tick;
    least = apart;
  }
  return nearest;
}
