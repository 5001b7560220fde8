// Owns which views a server's page has, in the order of their keys, and where the moving picture ends. Pure.
import { RING_MS } from "./mysqlRing";

export const MYSQL_TABS = ["overview", "now", "locks", "statements", "replication", "innodb", "variables", "events", "poller"] as const;
export type MysqlTab = (typeof MYSQL_TABS)[number];

export function isTab(text: string | null): text is MysqlTab {
  return MYSQL_TABS.some((tab) => tab === text);
}

/**
 * The right edge of the live charts in the server's time: the newest point, and from then on as fast as our own clock, so
 * that a server that says nothing leaves a gap that grows. Clocks may differ by hours: ours is believed only of a server
 * that is down, which may have been down before we came, and only where it is near.
 */
export function pictureEnd(newestMs: number | null, receivedMs: number, nowMs: number, isDown = false): number {
  if (newestMs === null) return nowMs;
  const edge = newestMs + Math.max(0, nowMs - receivedMs);
  return isDown && nowMs > edge && nowMs - edge < RING_MS ? nowMs : edge;
}
