// Owns the rows of two traces laid on each other: how often and how long on either side, and where in time. Only rows
// on screen are in the document. Never compares; that is model/traceCompare.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { indentOf, placeBar } from "../layout/bars";
import { formatDuration } from "../model/duration";
import { verdictOf, type CompareRow, type CompareSide } from "../model/traceCompare";
import type { TraceTree } from "../model/traceTree";
import { traceAddress } from "../router";
import { texts } from "../texts";
import { Link } from "./Link";
import { ServiceDot } from "./ServicePill";
import { nodeText } from "./useWaterfall";

const ROW_PX = 32;
const INDENT_MOST_PX = 220;

export function CompareTable({ rows, a, b }: { rows: CompareRow[]; a: TraceTree; b: TraceTree }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 });
  const total = Math.max(a.totalNs, b.totalNs, 1);
  const { columns } = texts.compare;
  return (
    <div className="compare-table" role="table" aria-label={texts.compare.title} aria-rowcount={rows.length + 1}>
      <div className="compare-row head" role="row">
        <span role="columnheader">{columns.operation}</span>
        <span role="columnheader" className="number">{columns.a}</span>
        <span role="columnheader" className="number">{columns.b}</span>
        <span role="columnheader" className="number">{columns.difference}</span>
        <span role="columnheader" data-column="time">{columns.time}</span>
      </div>
      <div className="compare-scroller" ref={scroller} role="rowgroup" tabIndex={0} aria-label={texts.compare.title}>
        <div className="compare-rows" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            const verdict = verdictOf(row);
            return (
              <div key={item.key} className="compare-row" role="row" aria-rowindex={item.index + 2} data-verdict={verdict} title={texts.compare.verdicts[verdict]} style={{ transform: `translateY(${item.start}px)` }}>
                <span role="cell" className="compare-name">
                  <span style={{ flex: "none", width: indentOf(row.depth, 14, INDENT_MOST_PX) }} />
                  <ServiceDot name={row.service} />
                  <strong>{row.service || (row.name === "" ? texts.trace.missingParent : texts.trace.noService)}</strong>
                  <span className="compare-operation">{row.name}</span>
                </span>
                <SideCell side={row.a} tree={a} />
                <SideCell side={row.b} tree={b} />
                <span role="cell" className="number compare-difference">{differenceText(row)}</span>
                <span role="cell" className="compare-bars" data-column="time">
                  <SideBar side={row.a} total={total} which="a" />
                  <SideBar side={row.b} total={total} which="b" />
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function differenceText(row: CompareRow): string {
  const verdict = verdictOf(row);
  if (verdict === "onlyA" || verdict === "onlyB") return texts.compare.verdicts[verdict];
  const difference = row.b.totalNs - row.a.totalNs;
  if (difference === 0) return "0";
  return `${difference > 0 ? "+" : ""}${formatDuration(difference)}`;
}

function SideCell({ side, tree }: { side: CompareSide; tree: TraceTree }) {
  if (side.count === 0) return <span role="cell" className="number faint">–</span>;
  return (
    <span role="cell" className="number">
      {side.errors > 0 && <span className="error-count" title={texts.trace.errors(side.errors)}>{side.errors}</span>}
      {side.count > 1 && <span className="faint small">{texts.compare.times(side.count)}</span>}
      <Link href={traceAddress(tree.spans.traceId, nodeText(tree, side.node))}>{formatDuration(side.totalNs)}</Link>
    </span>
  );
}

function SideBar({ side, total, which }: { side: CompareSide; total: number; which: "a" | "b" }) {
  if (side.count === 0) return null;
  const place = placeBar(side.startNs, side.endNs, { startNs: 0, endNs: total });
  return <span className="compare-bar" data-which={which} style={{ left: `${place.left}%`, width: `${place.width}%` }} />;
}
