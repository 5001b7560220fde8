// Owns the view of events: a strip of when, a choice of which, the list. Range and kind are in the address.
import { useMysqlEvents } from "../../api/mysqlQueries";
import type { MysqlEvent } from "../../api/mysqlTypes";
import { dayAndTime, readRange } from "../../model/instant";
import { countKinds, EVENT_KINDS } from "../../model/mysqlEvents";
import { momentMs } from "../../model/mysqlRing";
import { setParameters, useParameter } from "../../router";
import { texts } from "../../texts";
import { ErrorNote } from "../ErrorNote";
import { LoadingNote } from "../LoadingNote";
import { EventList } from "./EventList";

const said = texts.mysqlPage.events;

export function EventsView({ server, range }: { server: string; range: string }) {
  const [kind] = useParameter("kind");
  const answer = useMysqlEvents(server, range);
  const events = answer.data ?? [];
  const counts = countKinds(events);
  const shown = kind === null ? events : events.filter((event) => event.kind === kind);
  return (
    <div className="events-view">
      <div className="digest-tools">
        <div className="sort-choice" role="group" aria-label={said.which}>
          <button type="button" className="button small-button" aria-pressed={kind === null} onClick={() => setParameters({ kind: null })}>{said.all} <span className="faint">{events.length}</span></button>
          {EVENT_KINDS.map((one) => <button key={one} type="button" className="button small-button" aria-pressed={kind === one} disabled={!counts.has(one) && kind !== one} onClick={() => setParameters({ kind: kind === one ? null : one })}>{said.kinds[one]} <span className="faint">{counts.get(one) ?? 0}</span></button>)}
        </div>
      </div>
      {answer.error && !answer.data && <ErrorNote error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && !answer.error && <LoadingNote />}
      {shown.length > 0 && <EventStrip events={shown} range={range} />}
      {answer.data && shown.length === 0 && <p className="quiet muted">{said.none}</p>}
      {shown.length > 0 && <section className="mysql-card"><EventList events={shown} /></section>}
    </div>
  );
}

/** When they happened, as ticks on the range; the list below says the same in words. */
function EventStrip({ events, range }: { events: readonly MysqlEvent[]; range: string }) {
  const moments = events.map((event) => momentMs(event.time));
  const newest = Math.max(...moments);
  const { startMs, endMs } = readRange(range, Math.max(newest, Date.now())) ?? { startMs: Math.min(...moments), endMs: newest };
  const width = Math.max(endMs - startMs, 1);
  return (
    <div className="event-strip" aria-hidden="true">
      {events.map((event, place) => {
        const share = (moments[place] - startMs) / width;
        return share < 0 || share > 1 ? null : <span key={place} data-kind={event.kind} title={texts.mysqlPage.events.title(event.title)} style={{ left: `${share * 100}%` }} />;
      })}
      <small className="faint">{dayAndTime(startMs).slice(5, 16)}</small>
      <small className="faint">{dayAndTime(endMs).slice(5, 16)}</small>
    </div>
  );
}
