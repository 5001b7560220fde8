// Owns the lines of metrics in a span's panel: how busy the process or its host was then, with the span marked. Which ones is
// model/spanMetrics. Room is kept for a line until it is known.
import { useMemo } from "react";
import { useMetricNames } from "../api/queries";
import { useMetricSparks } from "../api/promQueries";
import type { MetricInfo, Span } from "../api/types";
import { gapSparkline } from "../layout/sparkline";
import { millisecondsOf, writeRange } from "../model/instant";
import { sparkQuery, type Spark } from "../model/metricSparks";
import type { Steps } from "../model/promRange";
import { metricsOfSpan, stepsRound, valueAt, type SpanMetric } from "../model/spanMetrics";
import { formatUnit } from "../model/unitFormat";
import { addressOf, METRICS_PATH } from "../router";
import { texts } from "../texts";
import { Link } from "./Link";
import { PanelSection } from "./PanelSection";

const [WIDTH, HEIGHT] = [200, 30];
const NO_METRICS: readonly MetricInfo[] = [];

export function SpanMetrics({ span }: { span: Span }) {
  const names = useMetricNames(false);
  const [startMs, endMs] = [millisecondsOf(span.start_time), millisecondsOf(span.end_time)];
  const found = useMemo(() => metricsOfSpan(names.data ?? NO_METRICS, span.resource_attributes), [names.data, span]);
  const steps = useMemo(() => stepsRound(startMs, endMs, Date.now()), [startMs, endMs]);
  return steps === null || found.length === 0 ? null : <Lines found={found} steps={steps} startMs={startMs} endMs={endMs} />;
}

interface LinesProps {
  found: readonly SpanMetric[];
  steps: Steps;
  startMs: number;
  endMs: number;
}

function Lines({ found, steps, startMs, endMs }: LinesProps) {
  const metrics = useMemo(() => found.map((one) => one.metric), [found]);
  const matchers = useMemo(() => found.map((one) => one.matchers), [found]);
  const sparks = useMetricSparks(metrics, steps, matchers);
  return (
    <PanelSection title={texts.span.metrics} note={matchers[0][0].value}>
      <ul className="span-metrics">
        {found.map((one) => (
          <li key={one.metric.name}>
            <Link href={addressOf(METRICS_PATH, { a: sparkQuery(one.metric, one.matchers), range: writeRange({ startMs: steps.startMs, endMs: steps.endMs }) })} title={one.metric.description}>{one.metric.name}</Link>
            <Line spark={sparks.get(one.metric.name)} steps={steps} startMs={startMs} endMs={endMs} />
          </li>
        ))}
      </ul>
    </PanelSection>
  );
}

function Line({ spark, steps, startMs, endMs }: Omit<LinesProps, "found"> & { spark: Spark | undefined }) {
  const { line, area } = gapSparkline(spark?.values ?? [], WIDTH, HEIGHT - 2);
  const xOf = (ms: number): number => Math.min(Math.max(((ms - steps.startMs) / Math.max(steps.endMs - steps.startMs, 1)) * WIDTH, 0), WIDTH - 1);
  const value = spark ? valueAt(spark.values, steps, endMs) : null;
  return (
    <>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect className="span-moment" x={xOf(startMs)} width={Math.max(xOf(endMs) - xOf(startMs), 1.5)} y={0} height={HEIGHT} />
        <path className="spark-area" d={area} />
        <path className="spark-line" d={line} />
      </svg>
      <span className="number">{spark && value !== null ? <>{formatUnit(value, spark.unit)} <span className="faint">{texts.explorer.sparkShapes[spark.shape]}</span></> : "–"}</span>
    </>
  );
}
