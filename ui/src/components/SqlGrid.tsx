// Owns the grid of a statement's rows: only those on screen are in the document. Trace ids lead to their trace.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { columnWidths } from "../layout/columnWidths";
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import { formatUnit } from "../model/unitFormat";
import { cellNumber, cellText, columnRole, type ColumnRole, type SqlAnswer, type SqlCell } from "../model/sqlResult";
import { traceAddress } from "../router";
import { texts } from "../texts";
import { CopyButton } from "./CopyButton";
import { Link } from "./Link";

const ROW_HEIGHT = 27;
const POOL_LEAST = 128;

interface SqlGridProps {
  answer: SqlAnswer;
  /** In which plain numbers are written. */
  unit?: string;
  /** The same of single columns, by place. */
  units?: readonly (string | undefined)[];
  /** How what is missing is written: in figures of series it is no value of SQL. */
  missing?: string;
}

export function SqlGrid({ answer, unit, units, missing = "null" }: SqlGridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const roles = useMemo(() => answer.columns.map(columnRole), [answer]);
  const count = answer.whole?.count ?? answer.rows.length;
  const template = useMemo(() => `${Math.max(52, 20 + formatCount(count).length * 7)}px ${columnWidths(answer).map((width) => `${width}px`).join(" ")} minmax(20px, 1fr)`, [answer, count]);
  const traceColumn = roles.indexOf("trace");
  const [open, setOpen] = useState<string | null>(null);
  const virtual = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 8 });
  const items = virtual.getVirtualItems();
  // Elements are used again for the rows that come into view.
  const pool = Math.max(POOL_LEAST, items.length);
  return (
    <>
      <div className="sql-grid" ref={scroller} role="table" aria-label={texts.sql.result} aria-rowcount={count + 1} tabIndex={0}>
        <div className="sql-row head" role="row" style={{ gridTemplateColumns: template }}>
          <span className="row-number" role="columnheader" aria-label={texts.sql.rowNumber} />
          {answer.columns.map((column, index) => (
            <span key={index} role="columnheader" title={column.type} className={isNumeric(roles[index]) ? "number" : undefined}>
              {column.name}
            </span>
          ))}
        </div>
        <div className="sql-rows" role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = answer.whole?.rowAt(item.index) ?? answer.rows[item.index];
            return (
              <div key={item.index % pool} className="sql-row" role="row" aria-rowindex={item.index + 2} style={{ gridTemplateColumns: template, top: item.start }}>
                <span className="row-number" role="rowheader">{formatCount(item.index + 1)}</span>
                {row.map((cell, index) => (
                  <Cell key={index} cell={cell} isError={cell === "error" && answer.columns[index].name === "status_code"} role={roles[index]} traceId={traceColumn === -1 ? null : row[traceColumn]} onOpen={setOpen} unit={units?.[index] ?? unit} missing={missing} />
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {open !== null && (
        <div className="cell-detail">
          <pre>{open}</pre>
          <CopyButton text={open} />
          <button type="button" className="text-button" onClick={() => setOpen(null)}>{texts.common.close}</button>
        </div>
      )}
    </>
  );
}

function isNumeric(role: ColumnRole): boolean {
  return role === "number" || role === "duration";
}

interface CellProps {
  cell: SqlCell;
  isError: boolean;
  role: ColumnRole;
  traceId: SqlCell;
  onOpen: (text: string) => void;
  unit?: string;
  missing: string;
}

function Cell({ cell, isError, role, traceId, onOpen, unit, missing }: CellProps) {
  if (cell === null || cell === undefined) return <span role="cell" className={isNumeric(role) ? "faint number" : "faint"}>{missing}</span>;
  const text = cellText(cell);
  if (role === "trace" && text !== "") {
    return (
      <span role="cell">
        <Link className="mono" href={traceAddress(text)}>{text}</Link>
      </span>
    );
  }
  if (role === "span" && typeof traceId === "string" && text !== "") {
    return (
      <span role="cell">
        <Link className="mono" href={traceAddress(traceId, text)}>{text}</Link>
      </span>
    );
  }
  if (role === "duration") {
    return <span role="cell" className="number" title={`${text} ns`}>{formatDuration(cellNumber(cell) ?? NaN)}</span>;
  }
  if (role === "number" && unit) return <span role="cell" className="number" title={text}>{formatUnit(cellNumber(cell), unit)}</span>;
  const openable = typeof cell === "object" || text.length > 60;
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  if (openable) {
    return (
      <span role="cell">
        <button type="button" className="cell-opener" onClick={() => onOpen(typeof cell === "object" ? JSON.stringify(cell, null, 2) : text)}>{shown}</button>
      </span>
    );
  }
  return <span role="cell" className={role === "number" ? "number" : isError ? "error-text" : undefined}>{shown}</span>;
}
