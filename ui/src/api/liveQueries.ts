// Owns PromQL in live mode: subscriptions over the one WebSocket, shown like answers that were asked for. Never draws, never
// connects itself.
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { readMistake } from "../model/promMistake";
import { applyChange, liveGrid, liveVector, noLiveSeries, resumeMs, type LiveSeries } from "../model/liveSeries";
import { readRange } from "../model/instant";
import type { Grid } from "../model/promAnswer";
import { liveStepsOf, withSteps, type Steps } from "../model/promRange";
import { ApiError } from "./client";
import { liveConnection, type LiveState } from "./liveConnection";

/** What of an answer charts look at; one that was asked for has it too. */
export interface ShownResult {
  data?: { grid: Grid; warnings: string[] };
  error: Error | null;
  isPending: boolean;
  fetchStatus: string;
  isPlaceholderData: boolean;
}

const HOUR_MS = 3_600_000;
const SLOWEST_MS = 5000;

const never = (): (() => void) => () => undefined;

/** How the connection is, while live mode is on. */
export function useLiveState(isOn: boolean): LiveState {
  return useSyncExternalStore(isOn ? liveConnection().listen : never, () => (isOn ? liveConnection().state() : "connecting"));
}

/** Steps that move on by themselves; null where live mode is off, or the range lies between two moments. */
export function useLiveSteps(range: string, isOn: boolean, pointsMost?: number): Steps | null {
  const isMoving = isOn && !range.includes("-");
  const read = (): Steps | null => {
    if (!isMoving) return null;
    const now = liveConnection().now();
    return liveStepsOf(readRange(range, now) ?? { startMs: now - HOUR_MS, endMs: now }, pointsMost);
  };
  const [, setTick] = useState(0);
  const steps = read();
  const stepMs = steps?.stepMs ?? 0;
  useEffect(() => {
    if (stepMs === 0) return;
    const timer = setInterval(() => !document.hidden && setTick((tick) => tick + 1), Math.min(stepMs, SLOWEST_MS));
    return () => clearInterval(timer);
  }, [stepMs]);
  const key = steps === null ? "" : `${steps.startMs} ${steps.endMs} ${steps.stepMs}`;
  // eslint-disable-next-line react-hooks/exhaustive-deps
  return useMemo(() => steps, [key]);
}

interface Held {
  key: string;
  state: LiveSeries;
  version: number;
  end: () => void;
}

export interface LiveQuestion {
  text: string | null;
  /** The last value only. */
  isInstant?: boolean;
}

interface LiveAnswer {
  state: LiveSeries;
  version: number;
}

/** Subscribes to each question; `steps` say the length and the step, not the moment. */
function useSubscriptions(questions: readonly LiveQuestion[], steps: Steps | null): (LiveAnswer | null)[] {
  const held = useRef(new Map<string, Held>());
  const [, setVersion] = useState(0);
  const latest = useRef(steps);
  useEffect(() => {
    latest.current = steps;
  });
  const keys = questions.map(({ text, isInstant }) => (text === null || steps === null ? null : `${isInstant ? "instant" : `${steps.stepMs} ${steps.endMs - steps.startMs}`} ${withSteps(text, steps)}`));
  const wanted = JSON.stringify(keys);
  useEffect(() => {
    const all = JSON.parse(wanted) as (string | null)[];
    for (const [key, one] of held.current) {
      if (all.includes(key)) continue;
      one.end();
      held.current.delete(key);
    }
    questions.forEach(({ text, isInstant }, place) => {
      const key = all[place];
      if (key === null || text === null || held.current.has(key) || !latest.current) return;
      const { stepMs, startMs, endMs } = latest.current;
      const one: Held = { key, state: noLiveSeries(), version: 0, end: never() };
      const query = withSteps(text, latest.current);
      const keepMs = isInstant ? Infinity : endMs - startMs + stepMs;
      let fromMs = startMs;
      one.end = liveConnection().subscribe({
        message: () => {
          if (isInstant) return { kind: "instant", query };
          fromMs = resumeMs(one.state, Math.max(startMs, Math.floor((liveConnection().now() - keepMs) / stepMs) * stepMs), stepMs);
          return { kind: "range", query, step: stepMs / 1000, from: fromMs / 1000 };
        },
        onChange: (change) => {
          applyChange(one.state, change, isInstant ? -Infinity : fromMs, keepMs);
          one.version++;
          setVersion((version) => version + 1);
        },
      });
      held.current.set(key, one);
    });
    // The questions are in what is wanted.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [wanted]);
  useEffect(() => {
    const all = held.current;
    return () => {
      for (const one of all.values()) one.end();
      all.clear();
    };
  }, []);
  return keys.map((key) => (key === null ? null : (held.current.get(key) ?? null)));
}

function errorOf(state: LiveSeries): Error | null {
  if (!state.error) return null;
  const { message, line, column } = readMistake(state.error.message);
  return new ApiError(state.error.kind, message, 400, undefined, line ?? undefined, column ?? undefined);
}

/** As `useRangeQueries` answers; pending where live mode is off. */
export function useLiveRanges(questions: readonly LiveQuestion[], steps: Steps | null, warnSome: (shown: number, total: number) => string): ShownResult[] {
  const answers = useSubscriptions(questions, steps);
  const grids = useRef(new Map<LiveSeries, { version: number; steps: Steps; grid: Grid }>());
  return answers.map((answer): ShownResult => {
    const isOpen = answer === null || steps === null || (answer.state.toMs === null && answer.state.error === null);
    if (isOpen) return { error: null, isPending: true, fetchStatus: answer === null ? "idle" : "fetching", isPlaceholderData: false };
    const { state, version } = answer;
    let known = grids.current.get(state);
    if (!known || known.version !== version || known.steps !== steps) {
      known = { version, steps, grid: liveGrid(state, steps) };
      grids.current.set(state, known);
      if (grids.current.size > 200) grids.current = new Map([[state, known]]);
    }
    const warnings = state.total > state.known.size ? [warnSome(state.known.size, state.total)] : [];
    return { data: state.toMs === null ? undefined : { grid: known.grid, warnings }, error: errorOf(state), isPending: false, fetchStatus: "idle", isPlaceholderData: false };
  });
}

/** Last values, as an instant query answers. */
export function useLiveVectors(questions: readonly LiveQuestion[], steps: Steps | null) {
  const answers = useSubscriptions(useMemo(() => questions.map((one) => ({ ...one, isInstant: true })), [questions]), steps);
  return answers.map((answer) => (answer && answer.state.toMs !== null ? { vector: liveVector(answer.state), error: errorOf(answer.state) } : { vector: null, error: answer ? errorOf(answer.state) : null }));
}
