// Owns where servers lie in the graph of replication: sources left, their replicas to the right, one row each. Only what hangs
// together with the server that is looked at. Two that copy each other stay in sight: a circle is cut where it closes. Pure.
import type { MysqlReplica, MysqlServer } from "../api/mysqlTypes";

export interface ReplicationNode {
  name: string;
  /** Null for a source that is not watched. */
  server: MysqlServer | null;
  x: number;
  y: number;
}

export interface ReplicationEdge {
  from: ReplicationNode;
  to: ReplicationNode;
  replica: MysqlReplica;
}

export interface ReplicationGraph {
  nodes: ReplicationNode[];
  edges: ReplicationEdge[];
  width: number;
  height: number;
}

export const NODE = { width: 176, height: 50 };
const GAP = { x: 148, y: 16 };

export function replicationGraph(servers: readonly MysqlServer[], about: string): ReplicationGraph {
  const links = servers.flatMap((server) => server.replication.map((replica) => ({ from: replica.source, to: server.name, replica })));
  const names = connected(about, links);
  const inside = links.filter((link) => names.has(link.from) && names.has(link.to));
  const levels = levelsOf([...names], inside);
  const rows = new Map<number, number>();
  const nodes = [...names].sort((a, b) => (levels.get(a) ?? 0) - (levels.get(b) ?? 0) || a.localeCompare(b, "en", { numeric: true })).map((name): ReplicationNode => {
    const level = levels.get(name) ?? 0;
    const row = rows.get(level) ?? 0;
    rows.set(level, row + 1);
    return { name, server: servers.find((server) => server.name === name) ?? null, x: level * (NODE.width + GAP.x), y: row * (NODE.height + GAP.y) };
  });
  centre(nodes, rows, levels);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const edges = inside.flatMap((link): ReplicationEdge[] => {
    const [from, to] = [byName.get(link.from), byName.get(link.to)];
    return from && to ? [{ from, to, replica: link.replica }] : [];
  });
  const most = Math.max(...rows.values(), 1);
  const deepest = Math.max(...levels.values(), 0);
  return { nodes, edges, width: (deepest + 1) * (NODE.width + GAP.x) - GAP.x, height: most * (NODE.height + GAP.y) - GAP.y };
}

/** How far along the line to a replica its words stand: nearer to the replica, where lines have parted. */
const LABEL_AT = 0.6;

export function edgeLine({ from, to }: Pick<ReplicationEdge, "from" | "to">): { path: string; labelX: number; labelY: number } {
  const [x1, y1, x2, y2] = [from.x + NODE.width, from.y + NODE.height / 2, to.x, to.y + NODE.height / 2];
  const middle = (x1 + x2) / 2;
  const [t, rest] = [LABEL_AT, 1 - LABEL_AT];
  const blend = (start: number, first: number, second: number, end: number): number => rest ** 3 * start + 3 * rest ** 2 * t * first + 3 * rest * t ** 2 * second + t ** 3 * end;
  return { path: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`, labelX: blend(x1, middle, middle, x2), labelY: blend(y1, y1, y2, y2) };
}

function connected(about: string, links: readonly { from: string; to: string }[]): Set<string> {
  const found = new Set([about]);
  const queue = [about];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const link of links) {
      const other = link.from === at ? link.to : link.to === at ? link.from : null;
      if (other === null || found.has(other)) continue;
      found.add(other);
      queue.push(other);
    }
  }
  return found;
}

/** Steps from a server that copies nobody; where all copy someone, from the first by name. */
function levelsOf(names: readonly string[], links: readonly { from: string; to: string }[]): Map<string, number> {
  const copies = new Set(links.map((link) => link.to));
  const roots = names.filter((name) => !copies.has(name));
  const levels = new Map<string, number>();
  const queue = (roots.length > 0 ? roots : [[...names].sort()[0]]).map((name) => ({ name, level: 0 }));
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (levels.has(at.name)) continue;
    levels.set(at.name, at.level);
    for (const link of links) if (link.from === at.name) queue.push({ name: link.to, level: at.level + 1 });
  }
  for (const name of names) if (!levels.has(name)) levels.set(name, 0);
  return levels;
}

/** A column with fewer rows lies in the middle of the tallest. */
function centre(nodes: ReplicationNode[], rows: ReadonlyMap<number, number>, levels: ReadonlyMap<string, number>): void {
  const most = Math.max(...rows.values(), 1);
  for (const node of nodes) node.y += ((most - (rows.get(levels.get(node.name) ?? 0) ?? 1)) * (NODE.height + GAP.y)) / 2;
}
