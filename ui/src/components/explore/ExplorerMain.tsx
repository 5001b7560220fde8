// Owns everything beside the list: the head of the metric, queries, chart, breakdown. What is shown is in the address.
import { useMemo, useState } from "react";
import { useLiveRanges, useLiveState, useLiveSteps } from "../../api/liveQueries";
import { useRangeQueries, useSteps } from "../../api/promQueries";
import type { MetricInfo } from "../../api/types";
import { sqlText } from "../../model/attributes";
import { isEmbedded } from "../../embedded";
import { QUERY_LETTERS, type QueryLetter } from "../../model/explorerState";
import { writeQuery } from "../../model/promQuery";
import { addressOf, METRICS_PATH, setParameters, useParameter } from "../../router";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { Link } from "../Link";
import { TimeRangePicker } from "../TimeRangePicker";
import { useShortcuts } from "../useShortcuts";
import { ExplorerChart } from "./ExplorerChart";
import { LabelBreakdown } from "./LabelBreakdown";
import { QueryRow } from "./QueryRow";
import type { useExplorer } from "./useExplorer";

const DEFAULT_RANGE = "1h";
const LIVE_MS = 5000;
/** More bars than this are an area. */
const BARS_MOST = 72;

interface ExplorerMainProps {
  metrics: readonly MetricInfo[];
  explorer: ReturnType<typeof useExplorer>;
  onAddToBoard: () => void;
}

export function ExplorerMain({ metrics, explorer, onAddToBoard }: ExplorerMainProps) {
  const { queries } = explorer;
  const [rangeText] = useParameter("range");
  const [liveText] = useParameter("live");
  const isLive = liveText === "on";
  const range = rangeText ?? DEFAULT_RANGE;
  const { steps } = useSteps(range, isLive ? LIVE_MS : null, explorer.drawing === "bars" ? BARS_MOST : undefined);
  const [activeLetter, setActive] = useState<QueryLetter>("a");
  const active = queries.find((query) => query.letter === activeLetter) ?? queries[0];
  const questions = useMemo(() => queries.map((query) => ({ text: query.isHidden || query.built?.shape === "buckets" ? null : query.promql })), [queries]);
  const liveState = useLiveState(isLive);
  // An earlier time beside the present one needs the same steps for both: it is asked for.
  const streams = isLive && liveState !== "unavailable" && explorer.compare === null && explorer.drawing !== "bars";
  const liveSteps = useLiveSteps(range, streams);
  const asked = useRangeQueries(useMemo(() => (liveSteps ? questions.map(() => ({ text: null })) : questions), [liveSteps === null, questions]), steps); // eslint-disable-line react-hooks/exhaustive-deps
  const told = useLiveRanges(questions, liveSteps, texts.explorer.someToldSeries);
  const results = liveSteps ? told : asked;
  // A question for each label waits until the chart has its answer, for which they would take the server's time.
  const isAnswered = results.every((one) => one.data !== undefined || one.error !== null || one.fetchStatus === "idle");
  const switchLive = (): void => setParameters({ live: isLive ? null : "on" });
  useShortcuts({ l: switchLive, a: () => explorer.add("") });
  const info = active?.info ?? queries.find((query) => query.info)?.info ?? null;
  const broken = active?.info && active.built && active.kind ? { query: active.built, info: active.info, kind: active.kind, letter: active.letter } : null;
  const chart = <ExplorerChart queries={queries} drawing={explorer.drawing} compare={explorer.compare} steps={steps} liveSteps={liveSteps} results={results} onAddToBoard={onAddToBoard} />;
  if (isEmbedded) return <div className="explorer">{chart}</div>;
  return (
    <div className="explorer">
      <header className="metric-head">
        <div>
          <Link className="metric-back" href={addressOf(METRICS_PATH)}>‹ {texts.explorer.all}</Link>
          <h2>{info?.name ?? texts.explorer.queries}</h2>
          {info && (
            <p className="metric-about">
              <span>{texts.explorer.types[info.is_monotonic === true ? "counter" : info.type] ?? info.type}</span>
              {info.unit && info.unit !== "1" && <span className="mono">{info.unit}</span>}
              {info.temporality && <span>{texts.explorer.temporalities[info.temporality] ?? info.temporality}</span>}
              <span>{texts.metrics.series(info.series)}</span>
              <span className="muted">{info.description}</span>
            </p>
          )}
        </div>
        <div className="metric-tools">
          <TimeRangePicker range={range} onChange={(next) => setParameters({ range: next === DEFAULT_RANGE ? null : next }, "push")} />
          <button type="button" className="button live" aria-pressed={isLive} onClick={switchLive}>
            <span className="live-dot" aria-hidden="true" />
            {texts.common.live}
          </button>
          {streams && liveState === "lost" && <span className="warn-text small" role="status">{texts.explorer.liveLost}</span>}
          {info && <Link className="button" href={addressOf("/sql", { q: `select time, service_name, value\nfrom metrics\nwhere name = ${sqlText(info.name)}\norder by time desc\nlimit 500` })}>{texts.metrics.openSql}</Link>}
        </div>
      </header>
      <div className="query-rows">
        {queries.map((query, place) => (
          <QueryRow
            key={query.letter} query={query} built={query.built} info={query.info} metrics={metrics} promql={query.promql}
            error={results[place]?.error ?? null} isOnly={queries.length === 1} isActive={queries.length > 1 && query === active}
            onText={(text) => explorer.setText(query.letter, text)} onToggle={() => explorer.toggle(query.letter)} onRemove={() => explorer.remove(query.letter)} onActive={() => setActive(query.letter)}
          />
        ))}
        <div className="query-adders">
          <button type="button" className="text-button" disabled={queries.length >= QUERY_LETTERS.length} onClick={() => setActive(explorer.add(active?.built ? writeQuery(active.built) : "") ?? "a")}><Icon name="plus" size={12} />{texts.explorer.addQuery}</button>
          <button type="button" className="text-button" disabled={queries.length >= QUERY_LETTERS.length || queries.length === 0} title={texts.explorer.formula} onClick={() => setActive(explorer.add("= ") ?? "a")}><Icon name="plus" size={12} />{texts.explorer.addFormula}</button>
        </div>
      </div>
      {chart}
      {broken && isAnswered && <LabelBreakdown key={broken.query.metric} query={broken.query} info={broken.info} kind={broken.kind} steps={steps} onChange={(next) => explorer.setText(broken.letter, writeQuery(next))} />}
    </div>
  );
}
