// Owns the drawing of the service map: what is under the pointer, moving from node to node by key, and what stands out.
// Where things lie is layout/serviceMap's; which node is chosen is the page's.
import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { MapEdge, MapNode } from "../api/types";
import { edgeKey, nextNode, type PlacedMap, type PlacedNode } from "../layout/serviceMap";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { MapArrows, MapEdgeLine } from "./MapEdgeLine";
import { mapFigures, MapNodeGlyph, SMALL_SCALE } from "./MapNodeGlyph";
import { useElementSize } from "./useElementSize";
import { useMapView } from "./useMapView";

interface ServiceMapProps {
  map: PlacedMap;
  nodes: readonly MapNode[];
  edges: readonly MapEdge[];
  chosen: string | null;
  /** Lower case; what does not match steps back. */
  query: string;
  onChoose: (id: string | null) => void;
}

const DIRECTIONS: Record<string, [x: number, y: number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAN_PX = 80;

export function ServiceMap({ map, nodes, edges, chosen, query, onChoose }: ServiceMapProps) {
  const frame = useRef<HTMLDivElement>(null);
  const size = useElementSize(frame);
  const looking = useMapView(frame, map, size);
  const { view } = looking;
  const [hoveredNode, setHoveredNode] = useState<string | null>(null);
  const [hoveredEdge, setHoveredEdge] = useState<string | null>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const latestNode = useMemo(() => new Map(nodes.map((node) => [node.id, node])), [nodes]);
  const latestEdge = useMemo(() => new Map(edges.map((edge) => [edgeKey(edge), edge])), [edges]);
  const standing = hoveredNode ?? chosen;
  const near = useMemo(() => new Set(standing === null ? [] : [standing, ...map.edges.filter(({ edge }) => edge.source === standing || edge.target === standing).flatMap(({ edge }) => [edge.source, edge.target])]), [map, standing]);
  const isDim = (node: MapNode): boolean => (standing !== null && !near.has(node.id)) || (query !== "" && !node.name.toLowerCase().includes(query));
  const tabStop = focused ?? chosen ?? map.nodes[0]?.node.id;

  const focusNode = (placed: PlacedNode): void => {
    setFocused(placed.node.id);
    looking.show(placed);
    frame.current?.querySelector<SVGGElement>(`[data-node="${CSS.escape(placed.node.id)}"]`)?.focus({ preventScroll: true });
  };
  const onKeyDown = (press: KeyboardEvent): void => {
    if (press.ctrlKey || press.metaKey || press.altKey) return;
    const onNode = (press.target as Element).closest("[data-node]")?.getAttribute("data-node") ?? null;
    const direction = DIRECTIONS[press.key];
    if (direction && onNode !== null && !press.shiftKey) {
      const next = nextNode(map.nodes, onNode, direction);
      if (next) focusNode(next);
    } else if (direction) looking.pan(-direction[0] * PAN_PX, -direction[1] * PAN_PX);
    else if ((press.key === "Enter" || press.key === " ") && onNode !== null) onChoose(onNode);
    else if (press.key === "Escape" && chosen !== null) onChoose(null);
    else if (press.key === "+" || press.key === "=") looking.zoomIn();
    else if (press.key === "-" || press.key === "−") looking.zoomOut();
    else if (press.key === "0") looking.fit();
    else return;
    press.preventDefault();
    press.stopPropagation();
  };
  const tipEdge = hoveredEdge === null ? undefined : map.edges.find((one) => edgeKey(one.edge) === hoveredEdge);
  const tipNode = hoveredNode === null ? undefined : map.nodes.find((one) => one.node.id === hoveredNode);
  return (
    <div className="map-frame" ref={frame} onKeyDown={onKeyDown} {...looking.handlers} onClick={(click) => !looking.wasDragged() && !(click.target as Element).closest("[data-node], button") && onChoose(null)}>
      {size.width > 0 && (
        <svg className="map-canvas" width={size.width} height={size.height} role="group" aria-label={texts.mapPage.canvas} data-small={view.scale < SMALL_SCALE || undefined}>
          <MapArrows />
          <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
            {map.edges.map((placed) => {
              const key = edgeKey(placed.edge);
              const isNear = standing === null ? query === "" : placed.edge.source === standing || placed.edge.target === standing;
              return <MapEdgeLine key={key} placed={placed} edge={latestEdge.get(key) ?? placed.edge} isDim={!isNear} onHover={(isOver) => setHoveredEdge(isOver ? key : null)} />;
            })}
            {map.nodes.map((placed) => (
              <MapNodeGlyph
                key={placed.node.id}
                placed={placed}
                node={latestNode.get(placed.node.id) ?? placed.node}
                scale={view.scale}
                isSmall={view.scale < SMALL_SCALE}
                isChosen={placed.node.id === chosen}
                isDim={isDim(placed.node)}
                isTabStop={placed.node.id === tabStop}
                onHover={(isOver) => setHoveredNode(isOver ? placed.node.id : null)}
                onFocus={() => setFocused(placed.node.id)}
                onChoose={() => !looking.wasDragged() && onChoose(placed.node.id)}
              />
            ))}
          </g>
        </svg>
      )}
      {tipNode && <Tip title={tipNode.node.name} text={mapFigures(latestNode.get(tipNode.node.id) ?? tipNode.node)} x={view.x + tipNode.x * view.scale} y={view.y + (tipNode.y - tipNode.radius) * view.scale} width={size.width} />}
      {!tipNode && tipEdge && <Tip title={`${nameOf(latestNode, tipEdge.edge.source)} → ${nameOf(latestNode, tipEdge.edge.target)}`} text={mapFigures(latestEdge.get(edgeKey(tipEdge.edge)) ?? tipEdge.edge)} x={view.x + tipEdge.x * view.scale} y={view.y + tipEdge.y * view.scale} width={size.width} />}
      <div className="map-tools" role="group" aria-label={texts.mapPage.map}>
        <button type="button" className="icon-button" title={`${texts.mapPage.zoomIn} (+)`} aria-label={texts.mapPage.zoomIn} onClick={looking.zoomIn}><Icon name="plus" size={14} /></button>
        <button type="button" className="icon-button" title={`${texts.mapPage.zoomOut} (−)`} aria-label={texts.mapPage.zoomOut} onClick={looking.zoomOut}><Icon name="minus" size={14} /></button>
        <button type="button" className="icon-button" title={`${texts.mapPage.fit} (0)`} aria-label={texts.mapPage.fit} onClick={looking.fit}><Icon name="whole" size={14} /></button>
      </div>
      <p className="map-legend faint">{texts.mapPage.legend}</p>
    </div>
  );
}

const nameOf = (nodes: ReadonlyMap<string, MapNode>, id: string): string => nodes.get(id)?.name || id || texts.trace.noService;

function Tip({ title, text, x, y, width }: { title: string; text: string; x: number; y: number; width: number }) {
  return (
    <div className="scatter-tip" style={{ left: Math.min(Math.max(x, 130), Math.max(width - 130, 130)), top: y }} data-below={y < 60 || undefined}>
      <strong>{title}</strong>
      <br />
      {text}
    </div>
  );
}
