// Owns the panel beside the map: figures of the chosen node, who calls it and whom it calls, and the ways to its page
// and traces.
import type { MapFigures, MapNode, ServiceMapAnswer } from "../api/types";
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import { errorShareOf, neighboursOf, tracesOfCall, tracesOfNode, type Neighbour } from "../model/serviceGraph";
import { addressOf, serviceAddress } from "../router";
import { texts } from "../texts";
import { percentText } from "./FigureTable";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { mapFigures, mapRate, nodeColour } from "./MapNodeGlyph";
import { PanelSection } from "./PanelSection";

interface ServiceMapPanelProps {
  node: MapNode;
  answer: ServiceMapAnswer;
  range: string | null;
  onChoose: (id: string | null) => void;
}

export function ServiceMapPanel({ node, answer, range, onChoose }: ServiceMapPanelProps) {
  const { callers, callees } = neighboursOf(node.id, answer.nodes, answer.edges);
  const words = texts.mapPage;
  return (
    <aside className="span-panel map-panel" aria-label={words.panel}>
      <div className="span-head">
        <div className="span-head-line">
          <span className="service-dot" style={{ background: nodeColour(node) }} aria-hidden="true" />
          <h2>{node.name || texts.trace.noService}</h2>
          <span className="kind-note">{words.kinds[node.kind] ?? node.kind}</span>
          <span className="toolbar-gap" />
          <button type="button" className="icon-button" title={texts.common.close} aria-label={texts.common.close} onClick={() => onChoose(null)}>
            <Icon name="close" />
          </button>
        </div>
        <nav className="service-links" aria-label={node.name}>
          {node.kind === "service" && node.name !== "" && <Link href={serviceAddress(node.name, range)}>{words.openService}</Link>}
          <Link href={addressOf("/", { ...tracesOfNode(node), range })}>{words.openTraces}</Link>
          {node.errors > 0 && <Link href={addressOf("/", { ...tracesOfNode(node), range, status: "error" })}>{words.openErrors}</Link>}
        </nav>
      </div>
      <div className="span-body">
        <FigureGrid figures={node} />
        <Neighbours title={words.callers} neighbours={callers} own={node} isCaller range={range} onChoose={onChoose} />
        <Neighbours title={words.callees} neighbours={callees} own={node} isCaller={false} range={range} onChoose={onChoose} />
      </div>
    </aside>
  );
}

function FigureGrid({ figures }: { figures: MapFigures }) {
  const words = texts.mapPage;
  const duration = (text: string): string => (figures.requests === 0 ? "–" : formatDuration(Number(text)));
  const facts: [string, string, boolean][] = [
    [words.requests, `${figures.interval ? "≈ " : ""}${formatCount(figures.requests)}`, false],
    [words.rate, mapRate(figures), false],
    [words.errors, percentText(errorShareOf(figures)), figures.errors > 0],
    [words.p50, duration(figures.p50), false],
    [words.p95, duration(figures.p95), false],
  ];
  return (
    <dl className="map-figures">
      {facts.map(([name, value, isBad]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={isBad ? "error-text" : undefined} title={name === words.requests ? mapFigures(figures) : undefined}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface NeighboursProps {
  title: string;
  neighbours: Neighbour[];
  own: MapNode;
  /** Whether the neighbours are callers of the chosen one. */
  isCaller: boolean;
  range: string | null;
  onChoose: (id: string) => void;
}

function Neighbours({ title, neighbours, own, isCaller, range, onChoose }: NeighboursProps) {
  const words = texts.mapPage;
  return (
    <PanelSection title={title} count={neighbours.length}>
      <ul className="top-list map-neighbours">
        {neighbours.map(({ id, node, edge }) => {
          const name = node?.name ?? id;
          const [source, target] = isCaller ? [node, own] : [own, node];
          return (
            <li key={id} title={mapFigures(edge)}>
              <button type="button" className="text-button" onClick={() => onChoose(id)}>
                <span className="service-dot" style={{ background: node ? nodeColour(node) : undefined }} aria-hidden="true" />
                {name || texts.trace.noService}
              </button>
              <span className="number muted small">
                {mapRate(edge)} · p95 {edge.requests === 0 ? "–" : formatDuration(Number(edge.p95))}
                {edge.errors > 0 && <> <span className="error-count">{percentText(errorShareOf(edge))}</span></>}
                {source && target && (
                  <Link className="icon-button" href={addressOf("/", { ...tracesOfCall(source, target), range })} title={words.tracesOfCall(source.name, target.name)} aria-label={words.tracesOfCall(source.name, target.name)}>
                    <Icon name="link" size={13} />
                  </Link>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </PanelSection>
  );
}
