// Owns the graph view of a trace: its services or operations with the calls between them. A node leads to its spans in the
// waterfall. What is in it is decided in model/traceGraph, where things lie in layout/serviceMap.
import { lazy, Suspense, useMemo, useRef } from "react";
import type { MapFigures } from "../api/types";
import { formatDuration } from "../model/duration";
import { serviceColour } from "../model/serviceColour";
import { errorShareOf } from "../model/serviceGraph";
import { searchForValue } from "../model/spanColour";
import { traceGraph, type GraphBy, type TraceGraphNode } from "../model/traceGraph";
import type { TraceTree } from "../model/traceTree";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import { percentText } from "./FigureTable";
import { useElementSize } from "./useElementSize";

// The layout's library is loaded by those who look at a graph.
const MapPicture = lazy(() => import("./MapPicture"));

const WAYS: readonly GraphBy[] = ["service", "operation"];

export function TraceGraph({ tree }: { tree: TraceTree }) {
  const [byText] = useParameter("by");
  const by = WAYS.find((way) => way === byText) ?? "service";
  const frame = useRef<HTMLDivElement>(null);
  const size = useElementSize(frame);
  const graph = useMemo(() => traceGraph(tree, by), [tree, by]);
  const say = texts.trace.graphView;
  const nodes = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph]);
  const show = (node: TraceGraphNode): void => {
    const words = [searchForValue("service", node.service), ...(by === "operation" ? [searchForValue("operation", node.name)] : [])];
    setParameters({ tab: null, by: null, q: words.join(" ") }, "push");
  };
  const describe = (id: string | null, figures: MapFigures): { short: string; long: string } => {
    const node = id === null ? undefined : nodes.get(id);
    const failed = figures.errors > 0 ? say.failed(percentText(errorShareOf(figures))) : "";
    if (node) return { short: `${figures.requests}× · ${formatDuration(node.selfNs)}`, long: `${say.spans(figures.requests)}, ${say.self(formatDuration(node.selfNs))}${failed}` };
    return { short: "", long: `${say.calls(figures.requests)}, ${say.median(formatDuration(Number(figures.p50)))}${failed}` };
  };
  return (
    <div className="trace-table">
      <div className="toolbar table-ways" role="group" aria-label={say.ways}>
        {WAYS.map((way) => (
          <button key={way} type="button" className="button small-button" aria-pressed={by === way} onClick={() => setParameters({ by: way === "service" ? null : way })}>{texts.operations.by[way]}</button>
        ))}
        <span className="toolbar-gap" />
        {graph.left > 0 && <span className="warn-text small" role="note">{say.left(graph.left)}</span>}
        <span className="muted small wide-only">{say.legend}</span>
      </div>
      <div className="trace-graph" ref={frame}>
        {size.width > 0 && (
          <Suspense fallback={null}>
            <MapPicture nodes={graph.nodes} edges={graph.edges} frame={size} label={say.label} describe={describe} colourOf={(node) => serviceColour(nodes.get(node.id)?.service ?? "")} onChoose={(node) => {
              const chosen = nodes.get(node.id);
              if (chosen) show(chosen);
            }} />
          </Suspense>
        )}
      </div>
    </div>
  );
}
