// Owns who calls a service and whom it calls, each side as a list that leads on. Never fetches.
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import { CALLS_RANGE_MS } from "../model/serviceStatements";
import { errorShare, type Calls } from "../model/serviceFigures";
import { serviceAddress } from "../router";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";
import { percentText } from "./FigureTable";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { LoadingNote } from "./LoadingNote";
import { ServiceDot } from "./ServicePill";

interface ServiceCallsProps {
  service: string;
  calls: { callers: Calls[]; callees: Calls[] } | undefined;
  error: Error | null;
  range: string | null;
}

export function ServiceCalls({ service, calls, error, range }: ServiceCallsProps) {
  return (
    <section className="service-card dependencies">
      <h2>{texts.servicesPage.dependencies}</h2>
      <p className="muted small">{texts.servicesPage.callsHint(CALLS_RANGE_MS / 60_000)}</p>
      {error && !calls && <ErrorNote error={error} />}
      {!calls && !error && <LoadingNote />}
      {calls && (
        <div className="call-sides">
          <CallList title={texts.servicesPage.callers} none={texts.servicesPage.noCallers} calls={calls.callers} range={range} />
          <div className="call-centre" aria-hidden="true">
            <Icon name="chevron" />
            <span className="service-pill">
              <ServiceDot name={service} />
              <span className="service-pill-name">{service}</span>
            </span>
            <Icon name="chevron" />
          </div>
          <CallList title={texts.servicesPage.callees} none={texts.servicesPage.noCallees} calls={calls.callees} range={range} />
        </div>
      )}
    </section>
  );
}

function CallList({ title, none, calls, range }: { title: string; none: string; calls: Calls[]; range: string | null }) {
  return (
    <div className="call-list">
      <h3>{title}</h3>
      {calls.length === 0 && <p className="muted small">{none}</p>}
      <ul className="top-list">
        {calls.map((one) => (
          <li key={one.peer} title={`${texts.servicesPage.calls(one.calls)}, ${texts.servicesPage.errors(one.errors)}`}>
            <span className="call-peer">
              <ServiceDot name={one.peer} />
              {one.peer === "" ? texts.trace.noService : <Link href={serviceAddress(one.peer, range)}>{one.peer}</Link>}
            </span>
            <span className="number muted small">
              {formatCount(one.calls)} · p95 {one.p95 === null ? "–" : formatDuration(one.p95)}
              {one.errors > 0 && <> <span className="error-count">{percentText(errorShare({ requests: one.calls, errors: one.errors }))}</span></>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
