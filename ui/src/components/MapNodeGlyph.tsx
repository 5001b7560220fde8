// Owns how one node of the service map looks: a circle in its service's colour, a ring of which the red part failed, a
// sign for what is no service, its name and figures below.
import type { MapFigures, MapNode } from "../api/types";
import type { PlacedNode } from "../layout/serviceMap";
import { formatDuration } from "../model/duration";
import { rateOf } from "../model/numbers";
import { errorShareOf } from "../model/serviceGraph";
import { serviceColour } from "../model/serviceColour";
import { texts } from "../texts";
import { percentText } from "./FigureTable";

const NAME_MOST = 20;
/** Below this scale names are drawn larger and figures left out. */
export const SMALL_SCALE = 0.62;
const SIGNS: Record<MapNode["kind"], string> = {
  service: "",
  database: "M-6-5c0-2.600 12-2.600 12 0v10c0 2.600-12 2.600-12 0zM-6-5c0 2.600 12 2.600 12 0M-6 0c0 2.600 12 2.600 12 0",
  messaging: "M-7-5h14v10h-14zM-7-5l7 6 7-6",
  external: "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0M-7 0h14M0-7c4 4 4 10 0 14M0-7c-4 4-4 10 0 14",
};

/** `420 requests, 2.1 % failed, p95 350 ms`; of an estimate, the interval too. */
export function mapFigures(figures: MapFigures): string {
  const between = figures.interval ? `; ${texts.explore.facets.between(...figures.interval)}` : "";
  return texts.mapPage.figures(figures.requests, percentText(errorShareOf(figures)), figures.requests === 0 ? "–" : formatDuration(Number(figures.p95))) + between;
}

export function mapRate(figures: MapFigures): string {
  return rateText(figures.requests, figures.rate);
}

/** `perSecond` in the unit that reads best; nothing where nothing came. */
export function rateText(requests: number, perSecond: number): string {
  if (requests === 0) return "–";
  const { value, unit } = rateOf(perSecond, 1);
  return texts.servicesPage.rate(value, unit);
}

export function nodeColour({ kind, name }: Pick<MapNode, "kind" | "name">): string {
  return kind === "service" ? serviceColour(name) : "var(--text-3)";
}

interface MapNodeGlyphProps {
  placed: PlacedNode;
  node: MapNode;
  scale: number;
  isSmall: boolean;
  isChosen: boolean;
  isDim: boolean;
  isTabStop: boolean;
  /** In place of its service's. */
  colour?: string;
  /** In place of its requests and rate. */
  said?: { short: string; long: string };
  onHover: (isOver: boolean) => void;
  onFocus: () => void;
  onChoose: () => void;
}

export function MapNodeGlyph({ placed, node, scale, isSmall, isChosen, isDim, isTabStop, colour, said, onHover, onFocus, onChoose }: MapNodeGlyphProps) {
  const { radius } = placed;
  const round = 2 * Math.PI * radius;
  const share = errorShareOf(node);
  const stroke = colour ?? nodeColour(node);
  const name = node.name === "" ? texts.trace.noService : node.name;
  // Names stay legible when the whole of a large map is in view, as far as there is room for them.
  const fontSize = isSmall ? Math.min(12 / scale, 19) : 12;
  return (
    <g
      className="map-node"
      transform={`translate(${placed.x} ${placed.y})`}
      role="button"
      tabIndex={isTabStop ? 0 : -1}
      aria-pressed={isChosen}
      data-node={node.id}
      data-kind={node.kind}
      data-chosen={isChosen || undefined}
      data-dim={isDim || undefined}
      onPointerEnter={() => onHover(true)}
      onPointerLeave={() => onHover(false)}
      onFocus={onFocus}
      onClick={onChoose}
    >
      <title>{said ? `${name}, ${said.long}` : `${name}, ${texts.mapPage.kinds[node.kind] ?? node.kind}, ${mapFigures(node)}`}</title>
      <circle className="node-halo" r={radius + 6} />
      <circle className="node-body" r={radius} style={{ fill: `color-mix(in srgb, ${stroke} 22%, var(--surface))`, stroke }} />
      {share > 0 && <circle className="node-errors" r={radius} transform="rotate(-90)" style={{ strokeDasharray: `${Math.max(share * round, 4)} ${round}` }} />}
      {SIGNS[node.kind] && <path className="node-sign" d={SIGNS[node.kind]} />}
      <text className="node-name" aria-hidden="true" y={radius + 6 + fontSize * 0.75} style={{ fontSize }}>{name.length > NAME_MOST ? `${name.slice(0, NAME_MOST - 1)}…` : name}</text>
      {!isSmall && <text className="node-figures" aria-hidden="true" y={radius + 28}>{said?.short ?? `${mapRate(node)} · ${node.requests === 0 ? "–" : formatDuration(Number(node.p95))}`}</text>}
    </g>
  );
}
