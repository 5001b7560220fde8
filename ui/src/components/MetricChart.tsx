// Owns the chart of one metric: asking for its points, saying how they are shown, zooming by dragging.
import { useMemo, useState } from "react";
import { useMetricSeries } from "../api/queries";
import type { MetricInfo, MetricSeriesAnswer } from "../api/types";
import { sqlText } from "../model/attributes";
import { formatDuration } from "../model/duration";
import { writeRange } from "../model/instant";
import { formatWithUnit } from "../model/numbers";
import { alignSeries, nameSeries } from "../model/seriesLabels";
import { addressOf, METRICS_PATH } from "../router";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";
import { LineChart } from "./LineChart";
import { Link } from "./Link";
import { LoadingNote } from "./LoadingNote";
import { TimeRangePicker } from "./TimeRangePicker";

interface MetricChartProps {
  name: string;
  info: MetricInfo | null;
  range: string;
  internal: boolean;
  onRange: (range: string) => void;
}

export function MetricChart({ name, info, range, internal, onRange }: MetricChartProps) {
  const [live, setLive] = useState(false);
  const query = useMetricSeries(name, range, internal, 600, live && !range.includes("-"));
  const statement = `select time, service_name, value\nfrom metrics\nwhere name = ${sqlText(name)}\norder by time desc\nlimit 500`;
  return (
    <>
      <header className="metric-head">
        <div>
          <Link className="metric-back" href={addressOf(METRICS_PATH)}>‹ {texts.metrics.back}</Link>
          <h2>{name}</h2>
          {info?.description && <p className="muted">{info.description}</p>}
        </div>
        <div className="metric-tools">
          <TimeRangePicker range={range} onChange={onRange} />
          <button type="button" className="button live" aria-pressed={live} onClick={() => setLive(!live)}>
            <span className="live-dot" aria-hidden="true" />
            {texts.common.live}
          </button>
          <Link className="button" href={addressOf("/sql", { q: statement })}>{texts.metrics.openSql}</Link>
        </div>
      </header>
      {query.error && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
      {!query.data && !query.error && <LoadingNote />}
      {query.data && <Series answer={query.data} onRange={onRange} />}
    </>
  );
}

function Series({ answer, onRange }: { answer: MetricSeriesAnswer; onRange: (range: string) => void }) {
  const { seconds, values, named, unit } = useMemo(() => {
    const aligned = alignSeries(answer.series);
    return {
      ...aligned,
      named: nameSeries(answer.series.map((one) => one.labels)),
      unit: answer.shown_as === "rate" ? `${answer.unit.replace(/^[{]?(.*?)[}]?$/, "$1")}/s` : answer.unit,
    };
  }, [answer]);
  const write = (value: number | null | undefined): string => (unit === "By/s" && value !== null && value !== undefined ? `${formatWithUnit(value, "By")}/s` : formatWithUnit(value, unit));
  const isEmpty = seconds.length === 0;
  return (
    <div className="metric-body">
      <p className="metric-note">
        <span>{[answer.type, answer.temporality, answer.is_monotonic ? "monotonic" : null].filter(Boolean).join(" · ")}</span>
        {answer.shown_as && <span>{texts.metrics.shownAs[answer.shown_as] ?? answer.shown_as}</span>}
        {answer.step && <span>{texts.metrics.step} {formatDuration(Number(answer.step))}</span>}
        {answer.total_series > answer.series.length && <strong>{texts.metrics.someSeries(answer.series.length, answer.total_series)}</strong>}
      </p>
      {named.shared.length > 0 && (
        <p className="metric-note">
          <span>{texts.metrics.sharedLabels}</span>
          {named.shared.map(([key, value]) => (
            <code key={key}>{key}={value}</code>
          ))}
        </p>
      )}
      {isEmpty ? (
        <p className="nothing muted">{texts.metrics.noPoints}</p>
      ) : (
        <LineChart
          seconds={seconds}
          values={values}
          names={named.names}
          label={`${texts.metrics.chart}: ${answer.name}`}
          height={340}
          write={write}
          onZoom={(from, to) => onRange(writeRange({ startMs: from * 1000, endMs: to * 1000 }))}
        />
      )}
    </div>
  );
}
