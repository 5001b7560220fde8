// Owns making a forest of lock waits out of edges: who blocks on top, who waits below, each with what lies under it.
// A thread may block many and wait for several; cycles, which a deadlock is for a moment, end where they close. Pure, and
// without recursion over what the server sends.
import type { MysqlLockWait, MysqlStatement } from "../api/mysqlTypes";

export interface LockRow {
  /** The same from one picture to the next, so that rows can move instead of being made anew. */
  key: string;
  depth: number;
  statement: MysqlStatement;
  /** What the thread waits for under its parent; null for the one on top. */
  wait: MysqlLockWait | null;
  /** Threads that cannot go on because of this one, at any distance. */
  blocked: number;
  /** The longest of their waits, in nanoseconds. */
  longestNs: number;
  /** This thread stands further up already: the circle closes here. */
  isCycle: boolean;
  /** It waits for others as well, and stands under them too. */
  alsoElsewhere: boolean;
  /** Last of its siblings, for the line that leads to it; one entry a level. */
  lastAt: boolean[];
}

export interface LockForest {
  rows: LockRow[];
  waiting: number;
  roots: number;
  longestNs: number;
}

const ROWS_MOST = 500;

export function lockForest(waits: readonly MysqlLockWait[]): LockForest {
  const edges = waits.filter((wait) => wait.waiting && wait.blocking && wait.waiting.thread !== wait.blocking.thread);
  const below = new Map<number, MysqlLockWait[]>();
  const statements = new Map<number, MysqlStatement>();
  const blockersOf = new Map<number, Set<number>>();
  for (const edge of edges) {
    const held = below.get(edge.blocking.thread);
    if (held) held.push(edge);
    else below.set(edge.blocking.thread, [edge]);
    if (!statements.has(edge.blocking.thread)) statements.set(edge.blocking.thread, edge.blocking);
    statements.set(edge.waiting.thread, edge.waiting);
    blockersOf.set(edge.waiting.thread, (blockersOf.get(edge.waiting.thread) ?? new Set()).add(edge.blocking.thread));
  }
  for (const list of below.values()) list.sort((a, b) => b.wait_ns - a.wait_ns || a.waiting.thread - b.waiting.thread);
  const weights = new Map<number, Weight>();
  // Only of those that are ordered or shown: in a long row each would walk all the others.
  const weightOf = (thread: number): Weight => {
    const weight = weights.get(thread) ?? weigh(thread, below);
    weights.set(thread, weight);
    return weight;
  };
  const worstFirst = (a: number, b: number): number => weightOf(b).blocked - weightOf(a).blocked || weightOf(b).longestNs - weightOf(a).longestNs || a - b;
  const roots = [...statements.keys()].filter((thread) => !blockersOf.has(thread)).sort(worstFirst);
  const rows: LockRow[] = [];
  const seen = new Set<number>();
  const walk = (root: number): void => addTree(root, { rows, seen, below, statements, blockersOf, weightOf });
  roots.forEach(walk);
  // What is left hangs in a circle without a top: the one that holds up most stands in for it.
  for (const thread of [...statements.keys()].filter((one) => !seen.has(one)).sort(worstFirst)) {
    if (!seen.has(thread)) {
      roots.push(thread);
      walk(thread);
    }
  }
  return { rows, waiting: blockersOf.size, roots: roots.length, longestNs: edges.reduce((most, edge) => Math.max(most, edge.wait_ns), 0) };
}

interface Weight {
  blocked: number;
  longestNs: number;
}

function weigh(thread: number, below: ReadonlyMap<number, MysqlLockWait[]>): Weight {
  const found = new Set<number>([thread]);
  const queue = [thread];
  let longestNs = 0;
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const edge of below.get(at) ?? []) {
      longestNs = Math.max(longestNs, edge.wait_ns);
      if (found.has(edge.waiting.thread)) continue;
      found.add(edge.waiting.thread);
      queue.push(edge.waiting.thread);
    }
  }
  return { blocked: found.size - 1, longestNs };
}

interface Graph {
  rows: LockRow[];
  seen: Set<number>;
  below: ReadonlyMap<number, MysqlLockWait[]>;
  statements: ReadonlyMap<number, MysqlStatement>;
  blockersOf: ReadonlyMap<number, ReadonlySet<number>>;
  weightOf: (thread: number) => Weight;
}

interface Step {
  thread: number;
  wait: MysqlLockWait | null;
  path: number[];
  key: string;
  lastAt: boolean[];
}

function addTree(root: number, { rows, seen, below, statements, blockersOf, weightOf }: Graph): void {
  const stack: Step[] = [{ thread: root, wait: null, path: [], key: String(root), lastAt: [] }];
  for (let step = stack.pop(); step !== undefined && rows.length < ROWS_MOST; step = stack.pop()) {
    const { thread, wait, path, key, lastAt } = step;
    const isCycle = path.includes(thread);
    const statement = wait?.waiting ?? statements.get(thread);
    if (!statement) continue;
    seen.add(thread);
    rows.push({ key, depth: path.length, statement, wait, ...weightOf(thread), isCycle, alsoElsewhere: (blockersOf.get(thread)?.size ?? 0) > 1, lastAt });
    if (isCycle) continue;
    const edges = onePerThread(below.get(thread) ?? []);
    const walked = [...path, thread];
    const steps = edges.map((edge, place): Step => ({ thread: edge.waiting.thread, wait: edge, path: walked, key: `${key}/${edge.waiting.thread}`, lastAt: [...lastAt, place === edges.length - 1] }));
    stack.push(...steps.reverse());
  }
}

/** A thread that waits for two locks of the same blocker is one row, with the longer wait, which comes first. */
function onePerThread(edges: readonly MysqlLockWait[]): MysqlLockWait[] {
  const kept = new Map<number, MysqlLockWait>();
  for (const edge of edges) if (!kept.has(edge.waiting.thread)) kept.set(edge.waiting.thread, edge);
  return [...kept.values()];
}

/** A transaction that is open while its client says nothing: the usual reason for a lock that does not end. */
export function isIdleInTransaction(statement: MysqlStatement): boolean {
  return statement.transaction_started !== null && /^(sleep|idle)$/i.test(statement.command);
}
