// Owns what a reader sees before choosing a metric: every metric as a small chart of its last values, found by typing.
import { useMemo, useState } from "react";
import { useMetricSparks, useSteps } from "../../api/promQueries";
import type { MetricInfo } from "../../api/types";
import { gapSparkline } from "../../layout/sparkline";
import { findMetrics } from "../../model/metricFinder";
import type { Spark } from "../../model/metricSparks";
import { kindOf } from "../../model/promNames";
import { formatUnit } from "../../model/unitFormat";
import { addressOf, METRICS_PATH, useParameter } from "../../router";
import { texts } from "../../texts";
import { Link } from "../Link";
import { MetricSearch } from "./MetricSearch";

const FIRST = 24;
const POINTS = 48;
const [WIDTH, HEIGHT] = [240, 46];

export function MetricCards({ metrics, onPromql }: { metrics: readonly MetricInfo[]; onPromql: () => void }) {
  const [typed, setTyped] = useState("");
  const [shownMost, setShownMost] = useState(FIRST);
  const [range] = useParameter("range");
  const { steps } = useSteps(range ?? "1h", null, POINTS);
  const found = useMemo(() => findMetrics(metrics, typed), [metrics, typed]);
  const shown = useMemo(() => found.slice(0, shownMost), [found, shownMost]);
  const sparks = useMetricSparks(shown, steps);
  return (
    <div className="metric-cards">
      <header className="cards-head">
        <h1>{texts.explorer.title}</h1>
        <MetricSearch typed={typed} onType={setTyped} first={found[0]} />
        <span className="muted small">{texts.explorer.found(found.length)}</span>
        <span className="toolbar-gap" />
        <button type="button" className="button" onClick={onPromql}>{texts.explorer.startPromql}</button>
      </header>
      {found.length === 0 && <p className="nothing muted">{texts.explorer.noMatch}</p>}
      <ul className="card-grid">
        {shown.map((metric) => (
          <li key={metric.name}>
            <Link className="metric-card" href={addressOf(METRICS_PATH, { name: metric.name, range })} title={metric.description}>
              <MetricFacts metric={metric} />
              <MetricSpark spark={sparks.get(metric.name)} />
            </Link>
          </li>
        ))}
      </ul>
      {found.length > shownMost && <button type="button" className="button more-metrics" onClick={() => setShownMost(shownMost * 2)}>{texts.explorer.more(Math.min(found.length - shownMost, shownMost))}</button>}
    </div>
  );
}

export function MetricFacts({ metric }: { metric: MetricInfo }) {
  const type = kindOf(metric) === "counter" ? "counter" : metric.type;
  return (
    <>
      <strong className="metric-name">{metric.name}</strong>
      <span className="metric-facts">
        <span className="kind-tag" data-kind={kindOf(metric)}>{texts.explorer.types[type] ?? type}</span>
        {metric.unit !== "" && metric.unit !== "1" && <span>{metric.unit}</span>}
        <span className="metric-series">{texts.metrics.series(metric.series)}</span>
      </span>
    </>
  );
}

function MetricSpark({ spark }: { spark: Spark | undefined }) {
  const { line, area } = gapSparkline(spark?.values ?? [], WIDTH, HEIGHT - 2);
  return (
    <span className="card-chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {spark && <path className="spark-area" d={area} />}
        {spark && <path className="spark-line" d={line} />}
      </svg>
      <span className="card-last">{spark ? <>{formatUnit(spark.last, spark.unit)} <span className="faint">{texts.explorer.sparkShapes[spark.shape]}</span></> : "\u00a0"}</span>
    </span>
  );
}
