// Owns who sends a statement: services by their spans, and traces to open. Says how each trace was found.
import type { MysqlDigestDetail, MysqlDigestTrace } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { clockTime } from "../../model/instant";
import { momentMs } from "../../model/mysqlRing";
import { serviceAddress, traceAddress } from "../../router";
import { texts } from "../../texts";
import { Link } from "../Link";
import { ServiceDot } from "../ServicePill";

const said = texts.mysqlPage.top;

export function DigestSenders({ detail }: { detail: MysqlDigestDetail }) {
  const most = detail.services.reduce((sum, one) => Math.max(sum, one.total_time_ns), 1);
  return (
    <div className="digest-senders">
      <section className="mysql-card" aria-label={said.services}>
        <h2>{said.services}</h2>
        {detail.services.length === 0 && <p className="muted">{said.noServices}</p>}
        <ul className="sender-list">
          {detail.services.map((one) => (
            <li key={one.service_name}>
              <span className="sender-name"><ServiceDot name={one.service_name} /><Link href={serviceAddress(one.service_name, null)}>{one.service_name}</Link></span>
              <span className="share-bar" aria-hidden="true"><span style={{ width: `${(one.total_time_ns / most) * 100}%` }} /></span>
              <span className="figure-duration">{formatDuration(one.total_time_ns)}</span>
              <span className="muted small sender-spans">{said.spans(one.spans)}</span>
            </li>
          ))}
        </ul>
      </section>
      <section className="mysql-card" aria-label={said.traces}>
        <h2>{said.traces}</h2>
        {detail.traces.length === 0 && <p className="muted">{said.noTraces}</p>}
        <ul className="sender-list">{detail.traces.map((one) => <TraceRow key={`${one.trace_id} ${one.span_id} ${one.start}`} trace={one} />)}</ul>
      </section>
    </div>
  );
}

function TraceRow({ trace }: { trace: MysqlDigestTrace }) {
  return (
    <li>
      <span className="mono muted small">{clockTime(momentMs(trace.start))}</span>
      <span className="sender-name"><ServiceDot name={trace.service_name} /><Link href={traceAddress(trace.trace_id, trace.span_id)}>{trace.service_name}: {trace.name}</Link></span>
      <span className="figure-duration">{formatDuration(trace.duration_ns)}</span>
      <span className="muted small sender-spans" title={said.joinedHint[trace.joined_by]}>{said.joined[trace.joined_by]}</span>
    </li>
  );
}
