// Owns the log records in a waterfall: whether they are shown (in the address), asking for them, and which one is open.
// Never asks before someone wants to see one, and never draws.
import { useMemo } from "react";
import { useTraceLogs } from "../api/queries";
import type { LogRecord } from "../api/types";
import { waterfallLines, type WaterfallLines } from "../layout/waterfallLines";
import { findLog, logKey, logsByNode, type LogsByNode } from "../model/spanLogs";
import { useParameter } from "../router";
import type { Waterfall } from "./useWaterfall";

const NO_LOGS: LogsByNode<LogRecord> = new Map();

export interface WaterfallLogs {
  isOn: boolean;
  toggle: () => void;
  /** Records that belong to spans of the trace, as the skeleton counts them. */
  total: number;
  byNode: LogsByNode<LogRecord>;
  lines: WaterfallLines;
  opened: { node: number; log: LogRecord } | null;
  open: (node: number, log: LogRecord) => void;
  isLoading: boolean;
  error: Error | null;
  retry: () => void;
}

export function useWaterfallLogs(waterfall: Waterfall): WaterfallLogs {
  const { tree, rows, logText } = waterfall;
  const [shown, setShown] = useParameter("logs");
  const isOn = shown === "on";
  const total = useMemo(() => tree.spans.logCounts.reduce((sum, count) => sum + count, 0), [tree]);
  const query = useTraceLogs(tree.spans.traceId, tree.spans.count, isOn || logText !== null);
  const byNode = useMemo(() => (query.data ? logsByNode(tree, query.data) : NO_LOGS), [tree, query.data]);
  const lines = useMemo(() => waterfallLines(rows, isOn ? (node) => byNode.get(node)?.length ?? 0 : null), [rows, isOn, byNode]);
  const opened = useMemo(() => (logText === null ? null : findLog(tree, byNode, logText)), [tree, byNode, logText]);
  return {
    isOn, total, byNode, lines, opened,
    toggle: () => setShown(isOn ? null : "on"),
    open: (node, log) => waterfall.openLog(node, logKey(log, byNode.get(node) ?? [])),
    isLoading: query.isLoading,
    error: query.data ? null : query.error,
    retry: () => void query.refetch(),
  };
}
