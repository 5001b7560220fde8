// Owns the table tab of a trace: by operation, by service, or span by span; which one is in the address.
import { useParameter, setParameters } from "../router";
import type { TraceTree } from "../model/traceTree";
import { texts } from "../texts";
import { OperationTable } from "./OperationTable";
import { SpanTable } from "./SpanTable";

const WAYS = ["operation", "service", "span"] as const;

export function TraceTable({ tree }: { tree: TraceTree }) {
  const [byText] = useParameter("by");
  const by = WAYS.find((way) => way === byText) ?? "operation";
  return (
    <div className="trace-table">
      <div className="toolbar table-ways" role="group" aria-label={texts.operations.ways}>
        {WAYS.map((way) => (
          <button key={way} type="button" className="button small-button" aria-pressed={by === way} onClick={() => setParameters({ by: way === "operation" ? null : way, sort: null })}>
            {texts.operations.by[way]}
          </button>
        ))}
      </div>
      {by === "span" ? <SpanTable tree={tree} /> : <OperationTable key={by} tree={tree} byService={by === "service"} />}
    </div>
  );
}
