// Owns a map of services that is looked at whole: fitted into its frame, without moving about. Nodes are chosen by click or
// key, figures are told by titles. The page of the map is ServiceMap.
import { useMemo, useState, type KeyboardEvent } from "react";
import type { MapEdge, MapFigures, MapNode } from "../api/types";
import { fitView, type Size } from "../layout/mapView";
import { edgeKey, layoutMap, nextNode } from "../layout/serviceMap";
import { texts } from "../texts";
import { MapArrows, MapEdgeLine } from "./MapEdgeLine";
import { mapFigures, MapNodeGlyph, SMALL_SCALE } from "./MapNodeGlyph";
import "../styles/map.css";

interface MapPictureProps {
  nodes: readonly MapNode[];
  edges: readonly MapEdge[];
  frame: Size;
  chosen?: string | null;
  label: string;
  /** In place of the colour of the service that a node is named after. */
  colourOf?: (node: MapNode) => string;
  /** How figures are said, of a node by its id or of a call (null), in place of requests and rates. */
  describe?: (id: string | null, figures: MapFigures) => { short: string; long: string };
  onChoose: (node: MapNode) => void;
}

const DIRECTIONS: Record<string, [x: number, y: number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export default function MapPicture({ nodes, edges, frame, chosen = null, label, colourOf, describe, onChoose }: MapPictureProps) {
  const map = useMemo(() => layoutMap(nodes, edges), [nodes, edges]);
  const view = fitView(map, frame);
  const [focused, setFocused] = useState<string | null>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const near = useMemo(() => new Set(hovered === null ? [] : [hovered, ...map.edges.filter(({ edge }) => edge.source === hovered || edge.target === hovered).flatMap(({ edge }) => [edge.source, edge.target])]), [map, hovered]);
  const names = new Map(map.nodes.map(({ node }) => [node.id, node.name || texts.trace.noService]));
  const tabStop = focused ?? chosen ?? map.nodes[0]?.node.id;
  const onKeyDown = (press: KeyboardEvent<SVGSVGElement>): void => {
    if (press.ctrlKey || press.metaKey || press.altKey) return;
    const onNode = (press.target as Element).closest("[data-node]")?.getAttribute("data-node") ?? null;
    const direction = DIRECTIONS[press.key];
    const next = direction && onNode !== null ? nextNode(map.nodes, onNode, direction) : null;
    const opened = press.key === "Enter" || press.key === " " ? map.nodes.find(({ node }) => node.id === onNode) : undefined;
    if (next) press.currentTarget.querySelector<SVGGElement>(`[data-node="${CSS.escape(next.node.id)}"]`)?.focus({ preventScroll: true });
    else if (opened) onChoose(opened.node);
    else return;
    press.preventDefault();
    press.stopPropagation();
  };
  return (
    <svg className="map-picture" width={frame.width} height={frame.height} role="group" aria-label={label} onKeyDown={onKeyDown}>
      <MapArrows />
      <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
        {map.edges.map((placed) => (
          <MapEdgeLine
            key={edgeKey(placed.edge)} placed={placed} edge={placed.edge} isDim={hovered !== null && placed.edge.source !== hovered && placed.edge.target !== hovered}
            title={`${names.get(placed.edge.source)} → ${names.get(placed.edge.target)}: ${describe?.(null, placed.edge).long ?? mapFigures(placed.edge)}`}
          />
        ))}
        {map.nodes.map((placed) => (
          <MapNodeGlyph
            key={placed.node.id} placed={placed} node={placed.node} scale={view.scale} isSmall={view.scale < SMALL_SCALE} colour={colourOf?.(placed.node)} said={describe?.(placed.node.id, placed.node)}
            isChosen={placed.node.id === chosen} isDim={hovered !== null && !near.has(placed.node.id)} isTabStop={placed.node.id === tabStop}
            onHover={(isOver) => setHovered(isOver ? placed.node.id : null)} onFocus={() => setFocused(placed.node.id)} onChoose={() => onChoose(placed.node)}
          />
        ))}
      </g>
    </svg>
  );
}
