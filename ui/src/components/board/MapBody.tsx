// Owns the service map in a panel: a node leads to its service's page, anything else to the map.
import { lazy, Suspense } from "react";
import type { ServiceMapAnswer } from "../../api/types";
import type { Size } from "../../layout/mapView";
import { addressOf, navigate } from "../../router";
import { texts } from "../../texts";

// The layout's library is loaded by boards that have such a panel.
const MapPicture = lazy(() => import("../MapPicture"));

interface MapBodyProps {
  answer: ServiceMapAnswer;
  frame: Size;
  range: string;
}

export function MapBody({ answer, frame, range }: MapBodyProps) {
  if (answer.nodes.length === 0) return <p className="panel-note muted">{texts.boards.noData}</p>;
  return (
    <Suspense fallback={null}>
      <MapPicture
        nodes={answer.nodes} edges={answer.edges} frame={frame} label={texts.mapPage.canvas}
        onChoose={(node) => navigate(node.kind === "service" ? addressOf(`/services/${encodeURIComponent(node.name)}`, { range }) : addressOf("/map", { node: node.id, range }))}
      />
    </Suspense>
  );
}
