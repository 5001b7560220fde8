// Owns how one call of a map of services looks: a line as wide as its rate, red as far as it fails, with its arrow.
import type { MapEdge } from "../api/types";
import type { PlacedEdge } from "../layout/serviceMap";
import { errorShareOf } from "../model/serviceGraph";

/** Failing more often than this, the arrow is red too. */
const ERROR_ARROW_SHARE = 0.05;

/** The arrows that lines refer to; once in every drawing. */
export function MapArrows() {
  return (
    <defs>
      {(["", "-error"] as const).map((kind) => (
        <marker key={kind} id={`map-arrow${kind}`} viewBox="0 0 8 8" refX="2" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" className={kind === "" ? "map-arrow" : "map-arrow error"} /></marker>
      ))}
    </defs>
  );
}

interface MapEdgeLineProps {
  placed: PlacedEdge;
  edge: MapEdge;
  isDim: boolean;
  /** Told by the browser where nothing else is. */
  title?: string;
  onHover?: (isOver: boolean) => void;
}

export function MapEdgeLine({ placed, edge, isDim, title, onHover }: MapEdgeLineProps) {
  const share = errorShareOf(edge);
  return (
    <g className="map-edge" data-dim={isDim || undefined} data-kind={edge.kind} data-error={share > 0 || undefined}>
      <path d={placed.path} className="edge-line" style={{ strokeWidth: placed.width, stroke: share > 0 ? `color-mix(in srgb, var(--error) ${Math.round(10 + 90 * Math.sqrt(share))}%, var(--line-strong))` : undefined }} markerEnd={`url(#map-arrow${share >= ERROR_ARROW_SHARE ? "-error" : ""})`} />
      <path d={placed.path} className="edge-reach" onPointerEnter={() => onHover?.(true)} onPointerLeave={() => onHover?.(false)}>{title && <title>{title}</title>}</path>
    </g>
  );
}
