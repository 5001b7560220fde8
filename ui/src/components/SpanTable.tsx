// Owns the table of a trace's spans with their self times: sorted by any column (in the address), only rows on screen in
// the document, each leading to its span in the waterfall. Never sums; that is model/spanRows.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { formatDuration } from "../model/duration";
import { nextSpanSort, readSpanSort, selfTimes, sortedSpans, SPAN_COLUMNS } from "../model/spanRows";
import type { TraceTree } from "../model/traceTree";
import { addressOf, useParameter } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { ServiceDot } from "./ServicePill";
import { nodeText } from "./useWaterfall";

const ROW_PX = 28;

export function SpanTable({ tree }: { tree: TraceTree }) {
  const [sortText, setSortText] = useParameter("sort");
  const sort = readSpanSort(sortText);
  const self = useMemo(() => selfTimes(tree), [tree]);
  const sorted = useMemo(() => sortedSpans(tree, self, readSpanSort(sortText)), [tree, self, sortText]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: sorted.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 });
  return (
    <div className="operations" role="table" aria-label={texts.trace.spans(sorted.length)} aria-rowcount={sorted.length + 1}>
      <div className="span-row head" role="row">
        {SPAN_COLUMNS.map((column) => (
          <span key={column} role="columnheader" data-column={column} aria-sort={sort.column !== column ? "none" : sort.descending ? "descending" : "ascending"}>
            <button type="button" onClick={() => setSortText(nextSpanSort(sort, column))}>
              {texts.operations.spanColumns[column]}
              {sort.column === column && <Icon name={sort.descending ? "down" : "up"} size={12} />}
            </button>
          </span>
        ))}
      </div>
      <div className="operation-scroller" ref={scroller} role="rowgroup">
        <div className="operation-rows" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => (
            <SpanRow key={item.key} tree={tree} node={sorted[item.index]} self={self[sorted[item.index]]} top={item.start} index={item.index} />
          ))}
        </div>
      </div>
    </div>
  );
}

function SpanRow({ tree, node, self, top, index }: { tree: TraceTree; node: number; self: number; top: number; index: number }) {
  const { spans } = tree;
  const service = spans.services[spans.serviceOf[node]];
  const share = (self / Math.max(tree.totalNs, 1)) * 100;
  return (
    <div className="span-row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }} data-error={spans.errors[node] === 1 || undefined}>
      <span role="cell" data-column="service" title={service}>
        <ServiceDot name={service} />
        <span className="operation-service">{service || texts.trace.noService}</span>
      </span>
      <span role="cell" data-column="name">
        {spans.errors[node] === 1 && <span className="error-text" role="img" aria-label={texts.trace.error}><Icon name="error" size={13} /></span>}
        <Link href={addressOf(`/trace/${encodeURIComponent(spans.traceId)}`, { span: nodeText(tree, node) })}>{spans.names[node] || texts.trace.unnamed}</Link>
      </span>
      <span role="cell" data-column="kind">{spans.kinds[node]}</span>
      <span role="cell" data-column="start">+{formatDuration(tree.startOf[node])}</span>
      <span role="cell" data-column="duration">{formatDuration(spans.durations[node])}</span>
      <span role="cell" data-column="self">
        <span className="share-bar" aria-hidden="true"><span style={{ width: `${Math.min(share, 100)}%` }} /></span>
        <span className="span-self">{formatDuration(self)}</span>
      </span>
      <span role="cell" data-column="depth">{tree.depthOf[node] + 1}</span>
    </div>
  );
}
