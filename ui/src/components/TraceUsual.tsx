// Owns the line of a trace's head that says whether it took longer than usual: beside the median of traces of its shape.
import { useTraceShape } from "../api/shapeQueries";
import { formatDuration } from "../model/duration";
import { shapeVerdict } from "../model/traceShape";
import type { TraceTree } from "../model/traceTree";
import { addressOf } from "../router";
import { texts } from "../texts";
import { Link } from "./Link";

export function TraceUsual({ tree }: { tree: TraceTree }) {
  const { data } = useTraceShape(tree);
  const verdict = data ? shapeVerdict(data) : null;
  if (!verdict) return null;
  const say = texts.trace.usual;
  const percent = Math.round(Math.abs(verdict.off) * 100);
  return (
    <Link className={verdict.off > 0.5 ? "usual-fact warn-text" : "usual-fact"} href={addressOf(`/trace/${encodeURIComponent(tree.spans.traceId)}`, { tab: "table", by: "usual" })} title={say.hint(verdict.traces, formatDuration(verdict.medianNs))}>
      {verdict.off === 0 ? say.same : verdict.off > 0 ? say.longer(percent) : say.shorter(percent)}
    </Link>
  );
}
