// Owns what a page knows of a server after each answer of the live feed. Pure.
import type { MysqlLive, MysqlLockWait, MysqlServer, MysqlStatement } from "../api/mysqlTypes";
import { mergePoints, type RingPoint } from "./mysqlRing";

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

export const NOTHING_YET: LiveView = { feed: "connecting", error: null, server: null, ring: [], statements: [], locks: [], pictureMs: 0, receivedMs: 0 };

/** What is known after an answer: a server that is down keeps the last picture of it. */
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
