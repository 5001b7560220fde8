// Owns the table tab of a trace: by operation, by service, span by span, or beside the median of its shape; which one is in the address.
import { isLocalTraceId } from "../api/localTraces";
import { useParameter, setParameters } from "../router";
import type { TraceTree } from "../model/traceTree";
import { texts } from "../texts";
import { OperationTable } from "./OperationTable";
import { ShapeTable } from "./ShapeTable";
import { SpanTable } from "./SpanTable";

const WAYS = ["operation", "service", "span", "usual"] as const;

export function TraceTable({ tree }: { tree: TraceTree }) {
  const [byText] = useParameter("by");
  const ways = isLocalTraceId(tree.spans.traceId) ? WAYS.slice(0, 3) : WAYS;
  const by = ways.find((way) => way === byText) ?? "operation";
  return (
    <div className="trace-table">
      <div className="toolbar table-ways" role="group" aria-label={texts.operations.ways}>
        {ways.map((way) => (
          <button key={way} type="button" className="button small-button" aria-pressed={by === way} onClick={() => setParameters({ by: way === "operation" ? null : way, sort: null })}>
            {texts.operations.by[way]}
          </button>
        ))}
      </div>
      {by === "span" ? <SpanTable tree={tree} /> : by === "usual" ? <ShapeTable tree={tree} /> : <OperationTable key={by} tree={tree} byService={by === "service"} />}
    </div>
  );
}
