// Owns one panel: its head, asking for its data once it has been seen, what went wrong with it, its body. A panel that
// breaks leaves the others alone.
import { Component, useEffect, useRef, useState, type ReactNode } from "react";
import { usePanelMap } from "../../api/mapQueries";
import { usePanelAnswer, usePanelTraces } from "../../api/boardQueries";
import { WITHOUT_QUERIES, type Panel } from "../../model/board";
import { aroundService } from "../../model/serviceGraph";
import { withLinkVariables, withTextVariables, type ChosenValues } from "../../model/boardVariables";
import { readMistake } from "../../model/promMistake";
import type { Steps } from "../../model/promRange";
import { ApiError } from "../../api/client";
import type { ServiceMapAnswer } from "../../api/types";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { BoardAnchor, TextBody, TraceBody } from "./RowBodies";
import { MapBody } from "./MapBody";
import { PanelBody } from "./PanelBody";

interface PanelFrameProps {
  panel: Panel;
  steps: Steps;
  /** Where live mode is on and there is a connection for it. */
  liveSteps?: Steps | null;
  chosen: ChosenValues;
  /** Whether the variables are known; before that nothing is asked. */
  isReady: boolean;
  syncKey: string;
  onZoom: (fromSeconds: number, toSeconds: number) => void;
  tools?: ReactNode;
}


class PanelBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  render(): ReactNode {
    return this.state.error ? <PanelProblem error={this.state.error} /> : this.props.children;
  }
}

function PanelProblem({ error }: { error: Error }) {
  const place = error instanceof ApiError && error.line !== undefined ? `${texts.sql.at(error.line, error.column ?? 1)}: ` : "";
  return (
    <div className="panel-problem" role="alert">
      <strong><Icon name="error" size={13} /> {texts.boards.panelFailed}</strong>
      <p>{place}{readMistake(error.message).message}</p>
    </div>
  );
}

/** Whether an element has ever been on screen, and how large it is. */
function useSeen() {
  const element = useRef<HTMLDivElement>(null);
  const [isSeen, setSeen] = useState(false);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (!element.current) return;
    const watched = element.current;
    const seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), { rootMargin: "200px" });
    const sized = new ResizeObserver(() => setSize({ width: watched.clientWidth, height: watched.clientHeight }));
    seen.observe(watched);
    sized.observe(watched);
    return () => {
      seen.disconnect();
      sized.disconnect();
    };
  }, []);
  return { element, isSeen, size };
}

export function PanelFrame({ panel, steps, liveSteps = null, chosen, isReady, syncKey, onZoom, tools }: PanelFrameProps) {
  const { element, isSeen, size } = useSeen();
  const isAsking = isSeen && isReady;
  const answer = usePanelAnswer(panel, steps, chosen, isAsking && !WITHOUT_QUERIES.includes(panel.kind), liveSteps);
  const traces = usePanelTraces(panel, steps, chosen, isAsking && panel.kind === "traces");
  const map = usePanelMap(steps, isAsking && panel.kind === "map");
  const error = answer.error ?? (traces.error as Error | null) ?? (map.error as Error | null);
  const title = withTextVariables(panel.title, chosen);
  const hasNoQuery = !WITHOUT_QUERIES.includes(panel.kind) && (panel.queries ?? []).every((query) => !(query.promql ?? query.sql ?? query.traceql)?.trim());
  const isPending = answer.isPending || (panel.kind === "traces" && traces.isPending) || (panel.kind === "map" && map.isPending);
  return (
    <article className="panel" aria-label={title} data-kind={panel.kind} data-stale={answer.isStale || undefined}>
      <header className="panel-head">
        <h3 title={panel.description ?? title}>{title}</h3>
        {panel.description && <span className="panel-about" title={panel.description}><Icon name="help" size={12} /></span>}
        {answer.sampling && <span className="warn-text small" title={texts.boards.sampledHint[answer.sampling]}>{texts.servicesPage.sampled}</span>}
        <span className="panel-links">{panel.links?.map((link, place) => <BoardAnchor key={place} url={withLinkVariables(link.url, chosen)} title={withTextVariables(link.title, chosen)} />)}</span>
        {tools}
      </header>
      <div className="panel-body" ref={element}>
        <PanelBoundary key={JSON.stringify([panel.kind, panel.queries])}>
          {panel.kind === "text" ? <TextBody text={withTextVariables(panel.text ?? "", chosen)} />
            : hasNoQuery ? <p className="panel-note muted">{texts.boards.noQuery}</p>
            : error && !answer.isPending ? <PanelProblem error={error} />
            : isPending || size.width === 0 || !isAsking ? <PanelWaiting />
            : panel.kind === "map" ? map.data && <MapBody answer={shownMap(map.data, panel, chosen)} frame={size} range={`${steps.startMs}-${steps.endMs}`} />
            : panel.kind === "traces" ? <TraceBody traces={traces.data ?? []} />
            : <PanelBody panel={panel} answer={answer} chosen={chosen} width={size.width} height={size.height} syncKey={syncKey} onZoom={onZoom} />}
        </PanelBoundary>
      </div>
    </article>
  );
}

function shownMap(answer: ServiceMapAnswer, panel: Panel, chosen: ChosenValues): ServiceMapAnswer {
  const service = withTextVariables(panel.map?.service ?? "", chosen);
  return service === "" || service === "*" ? answer : { ...answer, ...aroundService(service, answer.nodes, answer.edges) };
}

function PanelWaiting() {
  return <div className="panel-waiting" role="status" aria-label={texts.common.loading}><span className="spinner" aria-hidden="true" /></div>;
}

