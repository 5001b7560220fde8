// Owns the table of a trace's operations: sorted by any column (in the address), only rows on screen in the document,
// each leading to its spans in the waterfall with the longest one open. Never sums; that is model/operations.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import { nextSort, OPERATION_COLUMNS, operationsOf, operationSearch, readSort, servicesOf, sortOperations, writeSort, type Operation, type OperationColumn, type OperationSort } from "../model/operations";
import type { TraceTree } from "../model/traceTree";
import { addressOf, useParameter } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { ServiceDot } from "./ServicePill";
import { nodeText } from "./useWaterfall";

const ROW_PX = 30;

export function OperationTable({ tree, byService = false }: { tree: TraceTree; byService?: boolean }) {
  const [sortText, setSortText] = useParameter("sort");
  const sort = readSort(sortText);
  const operations = useMemo(() => (byService ? servicesOf(operationsOf(tree), tree) : operationsOf(tree)), [tree, byService]);
  const sorted = useMemo(() => sortOperations(operations, readSort(sortText)), [operations, sortText]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: sorted.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 });
  return (
    <div className="operations" role="table" aria-label={texts.operations.label(operations.length)} aria-rowcount={sorted.length + 1}>
      <div className="operation head" role="row">
        {OPERATION_COLUMNS.map((column) => (
          <ColumnHead key={column} column={column} sort={sort} onChoose={() => setSortText(writeSort(nextSort(sort, column)))} />
        ))}
      </div>
      <div className="operation-scroller" ref={scroller} role="rowgroup">
        <div className="operation-rows" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => (
            <OperationRow key={item.key} tree={tree} operation={sorted[item.index]} top={item.start} index={item.index} />
          ))}
        </div>
      </div>
    </div>
  );
}

function ColumnHead({ column, sort, onChoose }: { column: OperationColumn; sort: OperationSort; onChoose: () => void }) {
  const isSorted = sort.column === column;
  return (
    <span role="columnheader" data-column={column} aria-sort={!isSorted ? "none" : sort.descending ? "descending" : "ascending"}>
      <button type="button" title={texts.operations.hints[column]} onClick={onChoose}>
        {texts.operations.columns[column]}
        {isSorted && <Icon name={sort.descending ? "down" : "up"} size={12} />}
      </button>
    </span>
  );
}

function OperationRow({ tree, operation, top, index }: { tree: TraceTree; operation: Operation; top: number; index: number }) {
  const service = operation.service || texts.trace.noService;
  const name = operation.operationCount === undefined ? operation.name || texts.trace.unnamed : texts.operations.label(operation.operationCount);
  const address = addressOf(`/trace/${encodeURIComponent(tree.spans.traceId)}`, { q: operationSearch(operation), span: nodeText(tree, operation.longestNode) });
  const percent = (operation.share * 100).toFixed(1);
  return (
    <div className="operation" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }} data-error={operation.errors > 0 || undefined}>
      <span role="cell" data-column="service" title={service}>
        <ServiceDot name={operation.service} />
        <span className="operation-service">{service}</span>
      </span>
      <span role="cell" data-column="name">
        <Link href={address} title={texts.operations.show(name)}>
          {name}
        </Link>
      </span>
      <span role="cell" data-column="count">{formatCount(operation.count)}</span>
      <span role="cell" data-column="total">{formatDuration(operation.totalNs)}</span>
      <span role="cell" data-column="self">{formatDuration(operation.selfNs)}</span>
      <span role="cell" data-column="share">
        <span className="share-bar" aria-hidden="true">
          <span style={{ width: `${percent}%` }} />
        </span>
        <span className="share-text">{texts.common.percent(percent)}</span>
      </span>
      <span role="cell" data-column="errors">{operation.errors > 0 ? formatCount(operation.errors) : ""}</span>
    </div>
  );
}
