// Owns who calls a service and whom it calls, each side as a list that leads on. Never fetches.
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import type { Dependency } from "../model/dependencies";
import { addressOf, serviceAddress } from "../router";
import { texts } from "../texts";
import { ErrorNote } from "./ErrorNote";
import { percentText } from "./FigureTable";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { LoadingNote } from "./LoadingNote";
import { nodeColour, rateText } from "./MapNodeGlyph";
import { ServiceDot } from "./ServicePill";

interface ServiceCallsProps {
  service: string;
  /** Undefined while it is being asked. */
  calls: { callers: Dependency[]; callees: Dependency[] } | undefined;
  error: Error | null;
  range: string | null;
  /** Said below the title: where the figures come from, if not from the whole range. */
  note: string | null;
}

export function ServiceCalls({ service, calls, error, range, note }: ServiceCallsProps) {
  return (
    <section className="service-card dependencies">
      <div className="dependencies-head">
        <h2>{texts.servicesPage.dependencies}</h2>
        {note === null && <Link href={addressOf("/map", { node: service, range, view: "map" })}>{texts.servicesPage.onMap}</Link>}
      </div>
      {note !== null && <p className="muted small">{note}</p>}
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

function CallList({ title, none, calls, range }: { title: string; none: string; calls: Dependency[]; range: string | null }) {
  return (
    <div className="call-list">
      <h3>{title}</h3>
      {calls.length === 0 && <p className="muted small">{none}</p>}
      <ul className="top-list">
        {calls.map((one) => (
          <li key={one.id} title={`${texts.servicesPage.calls(one.requests)}, ${texts.servicesPage.errors(one.errors)}`}>
            <span className="call-peer">
              <span className="service-dot" style={{ background: nodeColour(one) }} aria-hidden="true" />
              <PeerName one={one} range={range} />
              {one.kind !== "service" && <span className="kind-note">{texts.mapPage.kinds[one.kind] ?? one.kind}</span>}
            </span>
            <span className="call-figures number muted small">
              <span>{one.rate === null ? formatCount(one.requests) : rateText(one.requests, one.rate)}</span>
              {one.p50 !== null && <span className="call-p50">p50 {formatDuration(one.p50)}</span>}
              <span className="call-p95">p95 {one.p95 === null ? "–" : formatDuration(one.p95)}</span>
              <span className="call-errors">{one.errors > 0 && <span className="error-count">{percentText(one.requests === 0 ? 0 : one.errors / one.requests)}</span>}</span>
              {one.traces && (
                <Link className="icon-button" href={addressOf("/", { ...one.traces, range })} title={texts.mapPage.tracesHere} aria-label={texts.mapPage.tracesHere}>
                  <Icon name="link" size={13} />
                </Link>
              )}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function PeerName({ one, range }: { one: Dependency; range: string | null }) {
  if (one.name === "") return <>{texts.trace.noService}</>;
  if (one.kind === "service") return <Link href={serviceAddress(one.name, range)}>{one.name}</Link>;
  return <Link href={addressOf("/map", { node: one.id, range, view: "map" })}>{one.name}</Link>;
}
