// Owns which lines the waterfall has from top to bottom when log records stand under their spans, and how high each is.
// Pure; never knows what a record says.

export const SPAN_LINE_PX = 28;
export const LOG_LINE_PX = 21;

/** A column per field, because a trace may have 100,000 lines. */
export interface WaterfallLines {
  nodeOf: Int32Array;
  /** Which of its span's records a line shows; -1 is the span itself. Null where no line shows a record. */
  logOf: Int32Array | null;
  /** Line of each row of spans. */
  lineOfRow: Int32Array | null;
}

/** A span's records come directly under it, before its children: also when the children are collapsed. */
export function waterfallLines(rows: Int32Array, logCountOf: ((node: number) => number) | null): WaterfallLines {
  const withoutLogs = { nodeOf: rows, logOf: null, lineOfRow: null };
  if (!logCountOf) return withoutLogs;
  let count = rows.length;
  for (const node of rows) count += logCountOf(node);
  if (count === rows.length) return withoutLogs;
  const nodeOf = new Int32Array(count);
  const logOf = new Int32Array(count).fill(-1);
  const lineOfRow = new Int32Array(rows.length);
  let line = 0;
  for (let row = 0; row < rows.length; row++) {
    const node = rows[row];
    lineOfRow[row] = line;
    nodeOf[line++] = node;
    const logs = logCountOf(node);
    for (let log = 0; log < logs; log++) {
      nodeOf[line] = node;
      logOf[line++] = log;
    }
  }
  return { nodeOf, logOf, lineOfRow };
}

export function lineHeight(lines: WaterfallLines, line: number): number {
  return lines.logOf === null || lines.logOf[line] === -1 ? SPAN_LINE_PX : LOG_LINE_PX;
}

/** Never the same for two lines, and the same for a line wherever it moves. */
export function lineKey(lines: WaterfallLines, line: number): string | number {
  const log = lines.logOf === null ? -1 : lines.logOf[line];
  return log === -1 ? lines.nodeOf[line] : `${lines.nodeOf[line]}.${log}`;
}
