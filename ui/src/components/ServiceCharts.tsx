// Owns the two charts of a service, rate with errors and durations, with deployments marked on both. Never fetches.
import { useMemo } from "react";
import { formatDuration } from "../model/duration";
import { writeRange, type TimeRange } from "../model/instant";
import { formatValue } from "../model/numbers";
import { deployments, type ServiceOverTime, type Version } from "../model/serviceFigures";
import type { ChartBounds } from "../paint/lineChart";
import { texts } from "../texts";
import { LineChart } from "./LineChart";

const HEIGHT = 150;
const RATE_TOKENS = ["--accent", "--error"];
const DURATION_TOKENS = ["--service-5", "--service-0", "--service-3"];

interface ServiceChartsProps {
  data: { overTime: ServiceOverTime; range: TimeRange; stepMs: number };
  versions: Version[];
  onRange: (range: string) => void;
}

export function ServiceCharts({ data, versions, onRange }: ServiceChartsProps) {
  const { overTime, range, stepMs } = data;
  const marks = useMemo(() => deployments(versions, range, stepMs).map((version) => ({ seconds: version.firstMs / 1000, label: version.name })), [versions, range, stepMs]);
  const rates = useMemo(() => [overTime.requests, overTime.errors], [overTime]);
  const durations = useMemo(() => [overTime.p50, overTime.p95, overTime.p99], [overTime]);
  const rateNames = useMemo(() => [texts.servicesPage.legend.requests, texts.servicesPage.legend.errors], []);
  const rateBounds = useMemo(() => boundsOf(overTime, ["requests", "errors"]), [overTime]);
  const durationBounds = useMemo(() => boundsOf(overTime, ["p50", "p95", "p99"]), [overTime]);
  const sampled = overTime.bounds && <span className="warn-text small" title={texts.servicesPage.sampledHint}>{texts.servicesPage.sampled}</span>;
  const zoom = (from: number, to: number): void => onRange(writeRange({ startMs: from * 1000, endMs: to * 1000 }));
  return (
    <div className="service-charts">
      <section>
        <h2>{texts.servicesPage.rateChart} {sampled}</h2>
        <LineChart seconds={overTime.seconds} values={rates} names={rateNames} tokens={RATE_TOKENS} marks={marks} bounds={rateBounds} label={texts.servicesPage.rateChart} height={HEIGHT} write={formatValue} onZoom={zoom} />
      </section>
      <section>
        <h2>{texts.servicesPage.latencyChart} {sampled}</h2>
        <LineChart seconds={overTime.seconds} values={durations} names={DURATION_NAMES} tokens={DURATION_TOKENS} marks={marks} bounds={durationBounds} label={texts.servicesPage.latencyChart} height={HEIGHT} write={writeDuration} onZoom={zoom} />
      </section>
    </div>
  );
}

function boundsOf(overTime: ServiceOverTime, names: readonly (keyof NonNullable<ServiceOverTime["bounds"]>)[]): ChartBounds[] | undefined {
  const { bounds } = overTime;
  return bounds && names.map((name, of) => ({ of, ...bounds[name] }));
}

const DURATION_NAMES = ["p50", "p95", "p99"];

function writeDuration(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : formatDuration(value);
}
