// Owns the live feed of one server: a long poll after the last news, merged into a ring. After anything that went wrong, and
// when the page was out of sight, it asks for the whole last ten minutes again, so that no gap is left that the server can
// fill. Never draws; what is known after an answer is model/mysqlFeed's.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { afterAnswer, NOTHING_YET, type LiveView } from "../model/mysqlFeed";
import { ApiError, getJson } from "./client";
import type { MysqlLive } from "./mysqlTypes";

const WAIT_SECONDS = 10;
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 4000;

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
  const [view, setView] = useState<LiveView>(NOTHING_YET);
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
