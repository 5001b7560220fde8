// Owns the live feed of one server: a long poll after the last news, merged into a ring. After anything that went wrong, and
// when the page was out of sight, it asks for the whole last ten minutes again, so that no gap is left that the server can
// fill. Never draws; the ring is model/mysqlRing's.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { mergePoints, type RingPoint } from "../model/mysqlRing";
import { ApiError, getJson } from "./client";
import type { MysqlLive, MysqlLockWait, MysqlServer, MysqlStatement } from "./mysqlTypes";

/** Connecting: nothing has come yet. Lost: Spanlake does not answer, what came before is kept. */
export type FeedState = "connecting" | "live" | "lost";

export interface LiveView {
  feed: FeedState;
  error: Error | null;
  server: MysqlServer | null;
  ring: RingPoint[];
  statements: MysqlStatement[];
  locks: MysqlLockWait[];
  /** When statements and locks were last true, by this page's clock: they are kept while the server is down. */
  pictureMs: number;
  /** When the newest point came, by this page's clock. */
  receivedMs: number;
}

const WAIT_SECONDS = 10;
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 4000;
const EMPTY: LiveView = { feed: "connecting", error: null, server: null, ring: [], statements: [], locks: [], pictureMs: 0, receivedMs: 0 };

/** What is known after an answer; pure, so that it can be tested. A server that is down keeps the last picture of it. */
export function afterAnswer(view: LiveView, answer: MysqlLive, now: number): LiveView {
  const ring = mergePoints(view.ring, answer.points);
  const isNewPicture = answer.server.up;
  return {
    feed: "live",
    error: null,
    server: answer.server,
    ring,
    statements: isNewPicture ? answer.statements : view.statements,
    locks: isNewPicture ? answer.locks : view.locks,
    pictureMs: isNewPicture ? now : view.pictureMs,
    receivedMs: ring === view.ring ? view.receivedMs : now,
  };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

async function follow(name: string, signal: AbortSignal, tell: (change: (view: LiveView) => LiveView) => void, onUnreachable: () => void): Promise<void> {
  let seq: number | null = null;
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      const answer: MysqlLive = await getJson<MysqlLive>("/api/mysql/live", { server: name, after: seq, wait: seq === null ? null : `${WAIT_SECONDS}s` }, signal);
      if (signal.aborted) return;
      // Behind what we have: Spanlake began anew. Everything it has is asked for once more.
      const isBegunAnew: boolean = seq !== null && answer.seq < seq;
      seq = isBegunAnew ? null : answer.seq;
      retryMs = FIRST_RETRY_MS;
      tell((view) => afterAnswer(view, answer, Date.now()));
    } catch (cause) {
      if (signal.aborted) return;
      const error = cause instanceof Error ? cause : new Error(String(cause));
      if (error instanceof ApiError && error.isUnreachable) onUnreachable();
      seq = null;
      tell((view) => ({ ...view, feed: "lost", error }));
      await pause(retryMs, signal);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
  }
}

export function useMysqlLive(name: string): LiveView {
  const [view, setView] = useState<LiveView>(EMPTY);
  const client = useQueryClient();
  useEffect(() => {
    let asking: AbortController | null = null;
    const start = (): void => {
      asking?.abort();
      asking = document.hidden ? null : new AbortController();
      if (asking) void follow(name, asking.signal, setView, () => void client.invalidateQueries({ queryKey: ["status"] }));
    };
    start();
    // Nobody watches a page that is out of sight: the server may poll less often meanwhile.
    document.addEventListener("visibilitychange", start);
    return () => {
      document.removeEventListener("visibilitychange", start);
      asking?.abort();
    };
  }, [name, client]);
  return view;
}
