// Owns which views a server's page has, in the order of their keys, and where the moving picture ends. Pure.

export const MYSQL_TABS = ["overview", "now", "locks", "statements", "replication", "innodb", "variables", "events", "poller"] as const;
export type MysqlTab = (typeof MYSQL_TABS)[number];

export function isTab(text: string | null): text is MysqlTab {
  return MYSQL_TABS.some((tab) => tab === text);
}

/**
 * The right edge of the live charts in the server's time: the newest point, and from then on as fast as our own clock, so
 * that a server that says nothing leaves a gap that grows. Clocks may differ by hours.
 */
export function pictureEnd(newestMs: number | null, receivedMs: number, nowMs: number): number {
  if (newestMs === null) return nowMs;
  return newestMs + Math.max(0, nowMs - receivedMs);
}
