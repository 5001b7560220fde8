// Owns the page of metrics: the list of names beside the chart of the chosen one; both in the address.
import { useStatus } from "../api/queries";
import { EmptyStore } from "../components/EmptyStore";
import { MetricChart } from "../components/MetricChart";
import { MetricList } from "../components/MetricList";
import { ErrorNote } from "../components/ErrorNote";
import { LoadingNote } from "../components/LoadingNote";
import { useTitle } from "../components/useTitle";
import { useMetricNames } from "../api/queries";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import "../styles/metrics.css";

const DEFAULT_RANGE = "1h";

export default function MetricsPage() {
  const [name] = useParameter("name");
  const [range] = useParameter("range");
  const [internal] = useParameter("internal");
  const isInternal = internal === "true";
  const status = useStatus();
  const names = useMetricNames(isInternal);
  useTitle(name ?? texts.metrics.title);
  if (names.error && !names.data) return <ErrorNote error={names.error} retry={() => void names.refetch()} />;
  if (!names.data) return <LoadingNote />;
  if (names.data.length === 0) {
    if (status.data?.empty && !isInternal) return <EmptyStore status={status.data} />;
    return (
      <div className="nothing">
        <strong>{texts.metrics.none}</strong>
        <p className="muted">{texts.metrics.noneHint}</p>
      </div>
    );
  }
  const chosen = names.data.find((metric) => metric.name === name) ?? null;
  return (
    <div className="metrics-page" data-chosen={name !== null || undefined}>
      <h1 className="sr-only">{texts.metrics.title}</h1>
      <MetricList metrics={names.data} chosen={name} />
      <section className="metric-main" aria-label={texts.metrics.chart}>
        {name === null ? (
          <p className="nothing muted">{texts.metrics.choose}</p>
        ) : (
          <MetricChart name={name} info={chosen} range={range ?? DEFAULT_RANGE} internal={isInternal} onRange={(next) => setParameters({ range: next === DEFAULT_RANGE ? null : next })} />
        )}
      </section>
    </div>
  );
}
