// Owns the table of the service map: the same nodes and calls for everyone who does not look at drawings. Sorted by any
// column (in the address); only rows on screen are in the document.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import type { MapNode, ServiceMapAnswer } from "../api/types";
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import { errorShareOf, MAP_COLUMNS, nextMapSort, readMapSort, sortMapRows, type MapColumn, type MapRow } from "../model/serviceGraph";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import { percentText } from "./FigureTable";
import { Icon } from "./Icon";
import { mapFigures, mapRate, nodeColour } from "./MapNodeGlyph";

const ROW_PX = 36;

interface Row extends MapRow {
  /** The node that a click chooses. */
  id: string;
  nodes: (MapNode | undefined)[];
}

interface ServiceMapTableProps {
  answer: ServiceMapAnswer;
  query: string;
  chosen: string | null;
  onChoose: (id: string) => void;
}

export function ServiceMapTable({ answer, query, chosen, onChoose }: ServiceMapTableProps) {
  const [ofText] = useParameter("of");
  const [sortText, setSort] = useParameter("sort");
  const sort = readMapSort(sortText);
  const ofCalls = ofText === "calls";
  const words = texts.mapPage;
  const rows = useMemo(() => sortMapRows((ofCalls ? callRows(answer) : nodeRows(answer)).filter((row) => row.name.toLowerCase().includes(query)), readMapSort(sortText)), [answer, ofCalls, query, sortText]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 });
  return (
    <div className="map-table">
      <div className="tabs" role="tablist" aria-label={words.table}>
        <button type="button" role="tab" aria-selected={!ofCalls} onClick={() => setParameters({ of: null })}>{words.services} <span className="faint">{formatCount(answer.nodes.length)}</span></button>
        <button type="button" role="tab" aria-selected={ofCalls} onClick={() => setParameters({ of: "calls" })}>{words.calls} <span className="faint">{formatCount(answer.edges.length)}</span></button>
      </div>
      <div className="figures" role="table" aria-label={ofCalls ? words.calls : words.services} aria-rowcount={rows.length + 1}>
        <div className="map-row head" role="row">
          {MAP_COLUMNS.map((column) => (
            <span key={column} role="columnheader" data-column={column} aria-sort={sort.column !== column ? "none" : sort.descending ? "descending" : "ascending"}>
              <button type="button" onClick={() => setSort(nextMapSort(sort, column))}>
                {words[column]}
                {sort.column === column && <Icon name={sort.descending ? "down" : "up"} size={12} />}
              </button>
            </span>
          ))}
        </div>
        <div className="figure-scroller" ref={scroller} role="rowgroup">
          {rows.length === 0 && <p className="muted map-no-match">{words.noMatch}</p>}
          <div className="figure-rows" role="presentation" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              return (
                <div key={row.key} className="map-row" role="row" aria-rowindex={item.index + 2} data-chosen={row.id === chosen || undefined} style={{ transform: `translateY(${item.start}px)` }}>
                  {MAP_COLUMNS.map((column) => (
                    <span key={column} role="cell" data-column={column}>
                      {column === "name" ? <NameCell row={row} onChoose={onChoose} /> : cellOf(row, column, ofCalls)}
                    </span>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

function nodeRows(answer: ServiceMapAnswer): Row[] {
  return answer.nodes.map((node) => ({ ...node, key: node.id, nodes: [node] }));
}

function callRows(answer: ServiceMapAnswer): Row[] {
  const byId = new Map(answer.nodes.map((node) => [node.id, node]));
  return answer.edges.map((edge) => {
    const nodes = [byId.get(edge.source), byId.get(edge.target)];
    return { ...edge, key: `${edge.source}\u0000${edge.target}`, id: edge.source, nodes, name: `${nodes[0]?.name ?? edge.source} → ${nodes[1]?.name ?? edge.target}` };
  });
}

function NameCell({ row, onChoose }: { row: Row; onChoose: (id: string) => void }) {
  return (
    <button type="button" className="row-link" onClick={() => onChoose(row.id)}>
      {row.nodes[0] && <span className="service-dot" style={{ background: nodeColour(row.nodes[0]) }} aria-hidden="true" />}
      {row.name || texts.trace.noService}
    </button>
  );
}

function cellOf(row: Row, column: MapColumn, ofCalls: boolean) {
  const words = texts.mapPage;
  const kinds: Record<string, string> = ofCalls ? words.edgeKinds : words.kinds;
  switch (column) {
    case "kind":
      return <span className="muted">{kinds[row.kind] ?? row.kind}</span>;
    case "requests":
      return <span title={mapFigures(row)}><span className="muted map-rate">{mapRate(row)}</span> {row.interval && "≈ "}{formatCount(row.requests)}</span>;
    case "errors":
      return row.errors === 0 ? <span className="faint">–</span> : <span className="error-count">{percentText(errorShareOf(row))}</span>;
    case "p50":
    case "p95":
      return row.requests === 0 ? "–" : formatDuration(Number(row[column]));
    default:
      return null;
  }
}
