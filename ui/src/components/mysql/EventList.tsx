// Owns the list of what happened to a server, newest first, by day: each with what it was before and after, both plans, both
// transactions of a deadlock.
import type { MysqlEvent } from "../../api/mysqlTypes";
import { calendarDay, clockTime } from "../../model/instant";
import { detailText, eventsByDay } from "../../model/mysqlEvents";
import { momentMs } from "../../model/mysqlRing";
import { digestAddress } from "../../router";
import { texts } from "../../texts";
import { Icon, type IconName } from "../Icon";
import { Link } from "../Link";
import { DeadlockView } from "./DeadlockView";
import { TraceLink } from "./StatementTable";

const said = texts.mysqlPage.events;
const ICONS: Record<string, IconName> = { plan_change: "compare", variable_change: "edit", deadlock: "error", restart: "reload", lock_wait: "clock", error_log: "log" };

/** Shortened they say what happened, and nothing more. */
export function EventList({ events, isShort = false }: { events: readonly MysqlEvent[]; isShort?: boolean }) {
  return (
    <div className="event-days">
      {eventsByDay(events, (event) => calendarDay(momentMs(event.time))).map(([day, list]) => (
        <section key={day} aria-label={day}>
          <h3 className="event-day">{day}</h3>
          <ol>{list.map((event, place) => <EventRow key={`${event.time} ${event.kind} ${place}`} event={event} isShort={isShort} />)}</ol>
        </section>
      ))}
    </div>
  );
}

function EventRow({ event, isShort }: { event: MysqlEvent; isShort: boolean }) {
  const trace = detailText(event.detail, "trace_id");
  return (
    <li className="mysql-event" data-kind={event.kind} data-row tabIndex={-1}>
      <span className="mono muted small">{clockTime(momentMs(event.time)).slice(0, 8)}</span>
      <span className="event-kind"><Icon name={ICONS[event.kind] ?? "event"} size={13} />{said.kinds[event.kind] ?? event.kind}</span>
      <div className="event-body">
        <p><strong>{said.title(event.title)}</strong> {trace !== null && <TraceLink traceId={trace} spanId={null} />}</p>
        {(!isShort || event.kind === "plan_change") && <EventDetail event={event} />}
      </div>
    </li>
  );
}

function EventDetail({ event }: { event: MysqlEvent }) {
  const { detail } = event;
  if (event.kind === "deadlock") return <DeadlockView detail={detail} />;
  if (event.kind === "plan_change") {
    const digest = detailText(detail, "digest");
    return digest === null ? null : <p className="small"><Link href={digestAddress(event.server, digest, detailText(detail, "schema") ?? "")}>{said.toPlan}</Link> <span className="mono muted">{detailText(detail, "before")} → {detailText(detail, "after")}</span></p>;
  }
  if (event.kind === "variable_change") return <VariableChange before={detailText(detail, "before")} after={detailText(detail, "after")} />;
  const text = detailText(detail, "text");
  return text === null ? null : <p className="mono small muted event-text">{text}</p>;
}

export function VariableChange({ before, after }: { before: string | null; after: string | null }) {
  return (
    <dl className="before-after">
      <div><dt>{said.before}</dt><dd className="mono">{before ?? "–"}</dd></div>
      <div><dt>{said.after}</dt><dd className="mono">{after ?? "–"}</dd></div>
    </dl>
  );
}
