// Owns the page of the service map: range, what is looked for, map or table, which node is chosen; all in the address.
// Never lays out and never draws.
import { useQuery } from "@tanstack/react-query";
import { ApiError } from "../api/client";
import { useServiceMap } from "../api/mapQueries";
import { useStatus } from "../api/queries";
import { isNotOffered } from "../api/traceQueries";
import type { ServiceMapAnswer } from "../api/types";
import { EmptyStore } from "../components/EmptyStore";
import { ErrorNote } from "../components/ErrorNote";
import { Icon } from "../components/Icon";
import { LoadingNote } from "../components/LoadingNote";
import { ServiceMap } from "../components/ServiceMap";
import { ServiceMapPanel } from "../components/ServiceMapPanel";
import { ServiceMapTable } from "../components/ServiceMapTable";
import { TimeRangePicker } from "../components/TimeRangePicker";
import { useDelayedText } from "../components/useDelayedText";
import { useNarrow } from "../components/useNarrow";
import { useShortcuts } from "../components/useShortcuts";
import { useTitle } from "../components/useTitle";
import { layoutMap, shapeOf } from "../layout/serviceMap";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import "../styles/services.css";
import "../styles/map.css";

const DEFAULT_RANGE = "1h";

/** Laid out once for each shape, also when one comes back to the page. */
function useLayout(answer: ServiceMapAnswer | undefined) {
  const shape = answer ? shapeOf(answer.nodes, answer.edges) : null;
  return useQuery({
    queryKey: ["service-map-layout", shape],
    queryFn: () => (answer ? layoutMap(answer.nodes, answer.edges) : null),
    enabled: shape !== null,
    staleTime: Infinity,
    structuralSharing: false,
    placeholderData: (previous) => previous,
  }).data;
}

export default function MapPage() {
  useTitle(texts.mapPage.title);
  const [rangeText] = useParameter("range");
  const [internal] = useParameter("internal");
  const [viewText] = useParameter("view");
  const [chosenId] = useParameter("node");
  const [query] = useParameter("q");
  const find = useDelayedText("q", query ?? "");
  const isNarrow = useNarrow();
  const range = rangeText ?? DEFAULT_RANGE;
  const status = useStatus();
  const map = useServiceMap(range, internal === "true");
  const placed = useLayout(map.data);
  useShortcuts({ "/": () => document.getElementById("find-node")?.focus(), Escape: () => chosenId !== null && setParameters({ node: null }) });
  if (status.data?.empty && internal !== "true" && !map.data?.nodes.length) return <EmptyStore status={status.data} />;
  const words = texts.mapPage;
  const usual = isNarrow ? "table" : "map";
  const view = viewText === "table" || viewText === "map" ? viewText : usual;
  const chosen = map.data?.nodes.find((node) => node.id === chosenId);
  const choose = (id: string | null): void => setParameters({ node: id });
  const wanted = (query ?? "").trim().toLowerCase();
  const isMissing = isNotOffered(map.error) && map.error instanceof ApiError && !map.data;
  return (
    <div className="map-page">
      <h1 className="sr-only">{words.title}</h1>
      <form className="filters services-bar" onSubmit={(submit) => submit.preventDefault()}>
        <label className="search-field">
          <Icon name="search" size={14} />
          <input id="find-node" value={find.text} placeholder={words.find} aria-label={words.find} spellCheck={false} autoComplete="off" onChange={(change) => find.change(change.target.value)} onKeyDown={(press) => press.key === "Escape" && press.currentTarget.blur()} />
        </label>
        <span className="picture-ways" role="group" aria-label={words.views}>
          {(["map", "table"] as const).map((one) => (
            <button key={one} type="button" className="way-button" aria-pressed={view === one} onClick={() => setParameters({ view: one === usual ? null : one })}>{words[one]}</button>
          ))}
        </span>
        <TimeRangePicker range={range} onChange={(next) => setParameters({ range: next === DEFAULT_RANGE ? null : next })} />
        {map.data && (
          <span className="muted small services-note">
            {words.summary(map.data.nodes.length, map.data.edges.length)}
            {map.data.stats?.exact === false && <span className="warn-text" title={map.data.stats.note}> ({words.approximate})</span>}
          </span>
        )}
      </form>
      <div className="map-body" data-stale={map.isPlaceholderData || undefined}>
        {isMissing && <Note title={words.missing} text={words.missingHint} />}
        {map.error && !map.data && !isMissing && <ErrorNote error={map.error} retry={() => void map.refetch()} />}
        {map.isPending && !map.error && <LoadingNote />}
        {map.data && map.data.nodes.length === 0 && <Note title={words.nothing} text={words.nothingHint} />}
        {map.data && map.data.nodes.length > 0 && view === "map" && placed && (
          <ServiceMap map={placed} nodes={map.data.nodes} edges={map.data.edges} chosen={chosen?.id ?? null} query={wanted} onChoose={choose} />
        )}
        {map.data && map.data.nodes.length > 0 && view === "table" && <ServiceMapTable answer={map.data} query={wanted} chosen={chosen?.id ?? null} onChoose={choose} />}
        {map.data && chosen && <ServiceMapPanel node={chosen} answer={map.data} range={rangeText} onChoose={choose} />}
      </div>
    </div>
  );
}

function Note({ title, text }: { title: string; text: string }) {
  return (
    <div className="nothing">
      <strong>{title}</strong>
      <p className="muted">{text}</p>
    </div>
  );
}
