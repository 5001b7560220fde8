// Owns the table of a trace beside the median of its shape: which spans took longer or shorter than usual, those that explain
// most of the difference first. What is compared is decided in model/traceShape.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { useTraceShape } from "../api/shapeQueries";
import { formatDuration } from "../model/duration";
import { shapeRows, shapeVerdict, type ShapeRow } from "../model/traceShape";
import type { TraceTree } from "../model/traceTree";
import { addressOf } from "../router";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";
import { Link } from "./Link";
import { LoadingNote } from "./LoadingNote";
import { ServiceDot } from "./ServicePill";
import { nodeText } from "./useWaterfall";

const ROW_PX = 28;
const COLUMNS = ["service", "name", "duration", "usual", "self", "critical"] as const;

export function ShapeTable({ tree }: { tree: TraceTree }) {
  const { data, error, isLoading, refetch } = useTraceShape(tree);
  const rows = useMemo(() => (data ? shapeRows(data, tree) : []), [data, tree]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 });
  const say = texts.trace.usual;
  const verdict = data ? shapeVerdict(data) : null;
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isLoading) return <LoadingNote />;
  if (!data || !verdict) return <p className="nothing muted">{say.few(data?.traces ?? 0, data?.looked_at ?? 0)}</p>;
  const most = rows.reduce((largest, row) => Math.max(largest, Math.abs(row.criticalOffNs)), 1);
  return (
    <div className="operations" role="table" aria-label={say.table} aria-rowcount={rows.length + 1}>
      <p className="shape-note small">
        {say.verdict(formatDuration(verdict.durationNs), verdict.traces, formatDuration(verdict.medianNs))}{" "}
        {verdict.medianTraceId && verdict.medianTraceId !== tree.spans.traceId && <Link href={addressOf("/compare", { a: verdict.medianTraceId, b: tree.spans.traceId })}>{say.compare}</Link>}
      </p>
      <div className="shape-row head" role="row">
        {COLUMNS.map((column) => <span key={column} role="columnheader" data-column={column} title={column === "critical" ? say.criticalHint : undefined}>{say.columns[column]}</span>)}
      </div>
      <div className="operation-scroller" ref={scroller} role="rowgroup">
        <div className="operation-rows" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => <Row key={item.key} tree={tree} row={rows[item.index]} most={most} top={item.start} index={item.index} />)}
        </div>
      </div>
    </div>
  );
}

const signed = (ns: number): string => (ns === 0 ? "–" : `${ns > 0 ? "+" : "−"}${formatDuration(Math.abs(ns))}`);

function Row({ tree, row, most, top, index }: { tree: TraceTree; row: ShapeRow; most: number; top: number; index: number }) {
  const { spans } = tree;
  const service = spans.services[spans.serviceOf[row.node]];
  return (
    <div className="shape-row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }}>
      <span role="cell" data-column="service" title={service}>
        <ServiceDot name={service} />
        <span className="operation-service">{service || texts.trace.noService}</span>
      </span>
      <span role="cell" data-column="name"><Link href={addressOf(`/trace/${encodeURIComponent(spans.traceId)}`, { span: nodeText(tree, row.node) })}>{spans.names[row.node] || texts.trace.unnamed}</Link></span>
      <span role="cell" data-column="duration">{formatDuration(row.durationNs)}</span>
      <span role="cell" data-column="usual">{formatDuration(row.medianNs)}</span>
      <span role="cell" data-column="self">{signed(row.selfOffNs)}</span>
      <span role="cell" data-column="critical" data-longer={row.criticalOffNs > 0 || undefined}>
        <span className="share-bar" aria-hidden="true"><span style={{ width: `${(Math.abs(row.criticalOffNs) / most) * 100}%` }} /></span>
        <span className="span-self">{signed(row.criticalOffNs)}</span>
      </span>
    </div>
  );
}
