// Owns the first view of a server: its charts, who waits for whom, what runs longest, what happened last.
import { useMemo } from "react";
import type { LiveView } from "../../model/mysqlFeed";
import { useSteps } from "../../api/promQueries";
import { useMysqlEvents } from "../../api/mysqlQueries";
import type { MysqlServer } from "../../api/mysqlTypes";
import { chartsFor } from "../../model/mysqlCharts";
import { eventMarks } from "../../model/mysqlEvents";
import { mysqlAddress } from "../../router";
import { texts } from "../../texts";
import { Link } from "../Link";
import { EventList } from "./EventList";
import { LiveTile } from "./LiveTile";
import { LockTree } from "./LockTree";
import { NowView } from "./NowView";
import { RangeTile } from "./RangeTile";
import { unseenLocks } from "./unseen";

const said = texts.mysqlPage;
const STATEMENTS_SHOWN = 9;
const EVENTS_SHOWN = 4;
/** Enough for the marks of ten minutes. */
const EVENTS_ASKED = 30;
const REFRESH_MS = 10_000;

interface ServerOverviewProps {
  view: LiveView;
  server: MysqlServer;
  endMs: number;
  range: string | null;
  isStale: boolean;
}

export function ServerOverview({ view, server, endMs, range, isStale }: ServerOverviewProps) {
  const events = useMysqlEvents(server.name, "24h", EVENTS_ASKED);
  const latest = events.data?.slice(0, EVENTS_SHOWN) ?? [];
  const marks = useMemo(() => eventMarks(events.data ?? [], (event) => said.events.kinds[event.kind] ?? event.kind), [events.data]);
  const wasSeen = view.pictureMs > 0;
  const charts = chartsFor(server.replication.length > 0);
  return (
    <div className="server-overview">
      {range === null ? (
        <div className="tiles">{charts.map((chart) => <LiveTile key={chart.key} chart={chart} ring={view.ring} intervalMs={server.interval_ms} endMs={endMs} isStale={isStale} marks={marks} />)}</div>
      ) : (
        <RangeTiles server={server} range={range} />
      )}
      <section className="mysql-card steady" aria-label={said.locks.title}>
        <h2>{said.locks.title}</h2>
        <div className="steady-body"><LockTree server={server.name} locks={view.locks} nowMs={endMs} isStale={isStale} unseen={unseenLocks(server, wasSeen)} /></div>
      </section>
      <section className="mysql-card steady" aria-label={said.now.title}>
        <h2>{said.now.title}</h2>
        <div className="steady-body"><NowView server={server} statements={view.statements} locks={view.locks} nowMs={endMs} isStale={isStale} wasSeen={wasSeen} shortTo={STATEMENTS_SHOWN} /></div>
        {view.statements.length > STATEMENTS_SHOWN && <p className="card-more"><Link href={mysqlAddress(server.name, { tab: "now" })}>{said.now.more(view.statements.length - STATEMENTS_SHOWN)}</Link></p>}
      </section>
      {latest.length > 0 && (
        <section className="mysql-card" aria-label={said.events.latest}>
          <h2>{said.events.latest}</h2>
          <EventList events={latest} isShort />
          <p className="card-more"><Link href={mysqlAddress(server.name, { tab: "events" })}>{said.events.allEvents}</Link></p>
        </section>
      )}
    </div>
  );
}

function RangeTiles({ server, range }: { server: MysqlServer; range: string }) {
  const { steps } = useSteps(range, REFRESH_MS);
  return <div className="tiles">{chartsFor(server.replication.length > 0).map((chart) => <RangeTile key={chart.key} chart={chart} server={server.name} steps={steps} />)}</div>;
}
