// Owns which traces were looked at lately in this browser: newest first, each once. Never asks the server about them.

export interface RecentTrace {
  traceId: string;
  title: string;
  at: number;
}

const KEY = "spanlake.recentTraces";
const MOST = 30;
const LONGEST_TITLE = 200;

export function readRecent(stored: string | null): RecentTrace[] {
  try {
    const list: unknown = JSON.parse(stored ?? "[]");
    if (!Array.isArray(list)) return [];
    return list.filter((one): one is RecentTrace => typeof one === "object" && one !== null && typeof one.traceId === "string" && typeof one.title === "string" && typeof one.at === "number").slice(0, MOST);
  } catch {
    return [];
  }
}

export function withRecent(list: readonly RecentTrace[], trace: RecentTrace): RecentTrace[] {
  const cut = { ...trace, title: trace.title.slice(0, LONGEST_TITLE) };
  return [cut, ...list.filter((one) => one.traceId !== trace.traceId)].slice(0, MOST);
}

export function recentTraces(): RecentTrace[] {
  try {
    return readRecent(localStorage.getItem(KEY));
  } catch {
    return [];
  }
}

export function rememberTrace(traceId: string, title: string): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(withRecent(recentTraces(), { traceId, title, at: Date.now() })));
  } catch {
    // Without storage nothing is remembered.
  }
}
