// Owns one service's page: its rate, errors and durations over time with deployments marked, its operations, versions
// and who calls whom. The range, which spans count, and the order are in the address. Never draws a chart itself.
import { useDependencies, useOperationCounts, useOperationFigures, useServiceOverTime, useVersions, DEFAULT_SERVICE_RANGE } from "../api/serviceQueries";
import { ErrorNote } from "../components/ErrorNote";
import { FigureTable } from "../components/FigureTable";
import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { LoadingNote } from "../components/LoadingNote";
import { ServiceCalls } from "../components/ServiceCalls";
import { ServiceCharts } from "../components/ServiceCharts";
import { ServiceDot } from "../components/ServicePill";
import { TopOperations } from "../components/TopOperations";
import { ServiceVersions } from "../components/ServiceVersions";
import { TimeRangePicker } from "../components/TimeRangePicker";
import { useTitle } from "../components/useTitle";
import { serviceColour } from "../model/serviceColour";
import { mostFailing, slowest } from "../model/serviceFigures";
import { CALLS_RANGE_MS, OWN_SERVICE } from "../model/serviceStatements";
import { addressOf, setParameters, useParameter } from "../router";
import { texts } from "../texts";
import "../styles/metrics.css";
import "../styles/services.css";

export default function ServicePage({ service }: { service: string }) {
  useTitle(service);
  const [rangeText] = useParameter("range");
  const [spansText] = useParameter("spans");
  const [internal] = useParameter("internal");
  const range = rangeText ?? DEFAULT_SERVICE_RANGE;
  const onlyEntries = spansText !== "all";
  const operations = useOperationFigures(service, range, onlyEntries);
  const counts = useOperationCounts(service, range, onlyEntries);
  const overTime = useServiceOverTime(service, range, onlyEntries);
  const versions = useVersions(service, range);
  const dependencies = useDependencies(service, range, internal === "true" || service === OWN_SERVICE);
  const figures = operations.data?.figures ?? [];
  const tracesOf = (operation: string, more: Record<string, string | null> = {}): string => addressOf("/", { service, operation, range: rangeText, ...more });
  return (
    <div className="service-page">
      <header className="service-head">
        <Link className="icon-button" href={addressOf("/services", { range: rangeText })} title={texts.servicesPage.all} aria-label={texts.servicesPage.all}>
          <Icon name="back" />
        </Link>
        <h1>
          <ServiceDot name={service} />
          {service}
        </h1>
        <nav className="service-links" aria-label={service}>
          <Link href={addressOf("/", { service, range: rangeText })}>{texts.servicesPage.traces}</Link>
          <Link href={addressOf("/", { service, range: rangeText, status: "error" })}>{texts.servicesPage.failed}</Link>
          <Link href={addressOf("/logs", { service, range: rangeText })}>{texts.servicesPage.logs}</Link>
        </nav>
        <span className="toolbar-gap" />
        <select aria-label={texts.servicesPage.which} value={onlyEntries ? "entries" : "all"} onChange={(change) => setParameters({ spans: change.target.value === "all" ? "all" : null })}>
          <option value="entries">{texts.servicesPage.onlyEntries}</option>
          <option value="all">{texts.servicesPage.allSpans}</option>
        </select>
        <TimeRangePicker range={range} onChange={(next) => setParameters({ range: next === DEFAULT_SERVICE_RANGE ? null : next })} />
      </header>
      <div className="service-body">
        {operations.error && !operations.data && <ErrorNote error={operations.error} retry={() => void operations.refetch()} />}
        {operations.isPending && !operations.error && <LoadingNote />}
        {overTime.error && !overTime.data && !operations.error && <ErrorNote error={overTime.error} retry={() => void overTime.refetch()} />}
        {overTime.data && <ServiceCharts data={overTime.data} versions={versions.data ?? []} onRange={(next) => setParameters({ range: next }, "push")} />}
        <div className="service-grid">
          <TopOperations title={texts.servicesPage.slowest} figures={slowest(figures)} show="p95" addressOf={(one) => tracesOf(one.name, { sort: "slowest" })} />
          <TopOperations title={texts.servicesPage.mostFailing} figures={mostFailing(figures)} show="errors" addressOf={(one) => tracesOf(one.name, { status: "error" })} />
          <ServiceVersions versions={versions.data} error={versions.error} />
          <ServiceCalls service={service} calls={dependencies.data} error={dependencies.error} range={rangeText} note={dependencies.isBySql ? texts.servicesPage.callsHint(CALLS_RANGE_MS / 60_000) : null} />
        </div>
        {operations.data && (
          <section className="service-operations" aria-label={texts.servicesPage.operationsOf(service)}>
            <h2>{texts.servicesPage.operations}</h2>
            {figures.length === 0 ? (
              <p className="muted">{texts.servicesPage.none}</p>
            ) : (
              <FigureTable
                label={texts.servicesPage.operationsOf(service)}
                columns={texts.servicesPage.operationColumns}
                figures={figures}
                counts={counts.data}
                seconds={(operations.data.range.endMs - operations.data.range.startMs) / 1000}
                colourOf={() => serviceColour(service)}
                nameOf={(one) => (
                  <Link className="row-link" href={tracesOf(one.name)} title={texts.servicesPage.showTraces(one.name)}>
                    {one.name || texts.trace.unnamed}
                  </Link>
                )}
                toolsOf={(one) => <span className="kind-note">{one.kind}</span>}
              />
            )}
          </section>
        )}
      </div>
    </div>
  );
}
