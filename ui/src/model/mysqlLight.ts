// Owns how servers are put in order and told apart at a glance: the light, what to say beside it, which figures matter.
// The light itself is the server's; the page adds only that it has lost sight of it. Pure.
import type { Light, MysqlServer } from "../api/mysqlTypes";

/** What the page shows: the server's light, or grey when the page itself hears nothing. */
export type ShownLight = Light | "unknown";

const SEVERITY: Record<Light, number> = { red: 0, yellow: 1, green: 2 };

export function lightOf(server: Pick<MysqlServer, "light" | "up"> | undefined, isOutOfSight: boolean): ShownLight {
  if (!server || isOutOfSight) return "unknown";
  return server.up ? server.light : "red";
}

/** The worst first, then by name as people count: `db-2` before `db-10`. */
export function worstFirst(servers: readonly MysqlServer[]): MysqlServer[] {
  return [...servers].sort((a, b) => SEVERITY[lightKey(a)] - SEVERITY[lightKey(b)] || byName(a, b));
}

export function byName(a: MysqlServer, b: MysqlServer): number {
  return a.name.localeCompare(b.name, "en", { numeric: true });
}

export function lightKey(server: MysqlServer): Light {
  return server.up ? server.light : "red";
}

export function countLights(servers: readonly MysqlServer[]): Record<Light, number> {
  const counts: Record<Light, number> = { red: 0, yellow: 0, green: 0 };
  for (const server of servers) counts[lightKey(server)]++;
  return counts;
}

/** Only those with a light that is chosen (all without a choice) and a name, version or reason that holds every word. */
export function chosenServers(servers: readonly MysqlServer[], light: string | null, words: string): MysqlServer[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return servers.filter((server) => {
    if (light && lightKey(server) !== light) return false;
    const text = `${server.name} ${server.flavor} ${server.version} ${server.reasons.map((reason) => reason.text).join(" ")}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** `MySQL 9.7.4`, `MariaDB 10.11.19`: builds say more than people need. */
export function productOf(server: Pick<MysqlServer, "flavor" | "version">, names: Record<string, string>): string {
  return `${names[server.flavor] ?? names.unknown} ${server.version.replace(/[-+].*$/, "")}`.trim();
}

/** The longest lag of all channels; null where none is known or the server copies nobody. */
export function lagOf(server: MysqlServer): number | null {
  const lags = server.replication.map((replica) => replica.lag_seconds).filter((lag): lag is number => lag !== null);
  return lags.length === 0 ? (server.figures.replication_lag_seconds ?? null) : Math.max(...lags);
}

/** Whether something that statements are read from is missing; other gaps leave them in sight. */
export function hidesStatements(server: Pick<MysqlServer, "missing">): boolean {
  return server.missing.some((one) => /performance_schema|\bPROCESS\b/.test(one.name));
}

/**
 * The statement that mends what is missing, out of the sentence that names it: between backticks, or from the first word
 * that begins a statement to its end.
 */
export function mendingStatement(text: string): string | null {
  const quoted = [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]).find((part) => /^(GRANT|SET|UPDATE|CALL|CREATE|ALTER|INSTALL)\s/i.test(part));
  if (quoted) return forUser(quoted);
  const bare = /\b((?:GRANT|SET (?:GLOBAL|PERSIST)|UPDATE|CALL|CREATE|ALTER|INSTALL) [^;]+;?)/.exec(text);
  return bare ? forUser(bare[1].trim().replace(/[.,]$/, "")) : null;
}

/** Where the sentence speaks of the user, the statement names the one of docs/mysql.md: prose is no SQL. */
function forUser(statement: string): string {
  return statement.replace(/\bTO the user\b.*$/i, "TO spanlake");
}

/** What is lost, without the statement that stands beside it anyway. */
export function sentenceWithout(text: string, statement: string | null): string {
  if (statement === null) return text;
  const at = text.indexOf(statement.replace(/ TO spanlake$/, ""));
  const rest = at === -1 || !text.includes(statement) ? "" : text.slice(at + statement.length);
  return `${at === -1 ? text : text.slice(0, at)}${rest}`.replaceAll("`", "").replace(/[\s:;,]+$/, "").trim();
}
