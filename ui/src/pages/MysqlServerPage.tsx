// Owns one MySQL server's page: the live feed, which view is shown, holding the picture. View, range, filters and the opened
// digest are in the address. Never draws a view itself.
import { useEffect, useRef, useState } from "react";
import { ApiError } from "../api/client";
import { useMysqlLive } from "../api/mysqlLive";
import { ErrorNote } from "../components/ErrorNote";
import { LoadingNote } from "../components/LoadingNote";
import { DigestDetail } from "../components/mysql/DigestDetail";
import { DigestTable } from "../components/mysql/DigestTable";
import { EventsView } from "../components/mysql/EventsView";
import { InnodbView } from "../components/mysql/InnodbView";
import { LockTree } from "../components/mysql/LockTree";
import { NowView } from "../components/mysql/NowView";
import { PollerView } from "../components/mysql/PollerView";
import { ReplicationView } from "../components/mysql/ReplicationView";
import { ServerHead } from "../components/mysql/ServerHead";
import { ServerOverview } from "../components/mysql/ServerOverview";
import { unseenLocks } from "../components/mysql/unseen";
import { useRowKeys } from "../components/mysql/useRowKeys";
import { VariablesView } from "../components/mysql/VariablesView";
import { useShortcuts } from "../components/useShortcuts";
import { useTitle } from "../components/useTitle";
import { DEFAULT_MYSQL_RANGE } from "../api/mysqlQueries";
import type { LiveView } from "../model/mysqlFeed";
import { isTab, MYSQL_TABS, pictureEnd, type MysqlTab } from "../model/mysqlTabs";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import "../styles/services.css";
import "../styles/chart.css";
import "../styles/mysql.css";
import "../styles/mysqlParts.css";

const said = texts.mysqlPage;
const TICK_MS = 1000;

export default function MysqlServerPage({ name }: { name: string }) {
  useTitle(name);
  const [tabText] = useParameter("tab");
  const [range] = useParameter("range");
  const [digest] = useParameter("digest");
  const live = useMysqlLive(name);
  const [held, setHeld] = useState<{ view: LiveView; endMs: number } | null>(null);
  const nowMs = useTick();
  const body = useRef<HTMLDivElement>(null);
  const tabs = useRef<HTMLDivElement>(null);
  const view = held?.view ?? live;
  const endMs = held?.endMs ?? pictureEnd(view.ring.at(-1)?.ms ?? null, view.receivedMs, nowMs, view.server?.up === false);
  const tab: MysqlTab = isTab(tabText) ? tabText : "overview";
  const open = (next: MysqlTab): void => setParameters({ tab: next === "overview" ? null : next, digest: null, in: null, schema: null, q: null, kind: null, by: null, sort: null, limit: null }, "push");
  const toggleHold = (): void => setHeld(held ? null : { view: live, endMs });
  useShortcuts({
    ...Object.fromEntries(MYSQL_TABS.map((one, place) => [String(place + 1), () => open(one)])),
    p: toggleHold,
    "/": () => body.current?.querySelector<HTMLInputElement>("[data-find]")?.focus(),
    Escape: () => digest !== null && setParameters({ digest: null, in: null }, "push"),
  });
  useRowKeys(body);
  // On a phone the chosen one may lie outside.
  useEffect(() => {
    void tabs.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [tab]);
  const isUnknown = live.error instanceof ApiError && live.error.status === 404;
  const waiting = view.server?.figures.lock_waits_now ?? view.locks.length;
  return (
    <div className="service-page mysql-server">
      <ServerHead name={name} server={view.server} feed={live.feed} isHeld={held !== null} onHold={toggleHold} range={range} pictureMs={view.pictureMs} />
      <div className="tabs mysql-tabs" role="tablist" aria-label={said.tabList} ref={tabs}>
        {MYSQL_TABS.map((one, place) => (
          <button key={one} type="button" role="tab" aria-selected={tab === one} title={String(place + 1)} onClick={() => open(one)}>
            {said.tabs[one]}
            {one === "locks" && <span className="tab-count" data-some={waiting > 0 || undefined}>{waiting}</span>}
          </button>
        ))}
      </div>
      <div className="mysql-body" ref={body} role="tabpanel" aria-label={said.tabs[tab]}>
        {isUnknown ? <div className="nothing"><strong>{said.unknownServer}</strong></div> : <Tab name={name} tab={tab} view={view} endMs={endMs} range={range} digest={digest} isStale={live.feed === "lost" || view.server?.up === false} />}
      </div>
    </div>
  );
}

/** The moment, once a second; it stands still while the page is out of sight. */
function useTick(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

interface TabProps {
  name: string;
  tab: MysqlTab;
  view: LiveView;
  endMs: number;
  range: string | null;
  digest: string | null;
  isStale: boolean;
}

function Tab({ name, tab, view, endMs, range, digest, isStale }: TabProps) {
  const [schema] = useParameter("in");
  const asked = range ?? DEFAULT_MYSQL_RANGE;
  if (tab === "statements") return digest === null ? <DigestTable server={name} range={asked} /> : <DigestDetail server={name} digest={digest} schema={schema ?? ""} range={asked} />;
  if (tab === "innodb") return <InnodbView server={name} />;
  if (tab === "variables") return <VariablesView server={name} />;
  if (tab === "events") return <EventsView server={name} range={range ?? "24h"} />;
  const { server } = view;
  if (!server) return view.error ? <ErrorNote error={view.error} /> : <LoadingNote />;
  if (tab === "now") return <section className="mysql-card"><NowView server={server} statements={view.statements} locks={view.locks} nowMs={endMs} isStale={isStale} wasSeen={view.pictureMs > 0} /></section>;
  if (tab === "locks") return <section className="mysql-card"><LockTree server={name} locks={view.locks} nowMs={endMs} isStale={isStale} unseen={unseenLocks(server, view.pictureMs > 0)} /></section>;
  if (tab === "replication") return <ReplicationView server={server} ring={view.ring} endMs={endMs} range={range} />;
  if (tab === "poller") return <PollerView server={server} />;
  return <ServerOverview view={view} server={server} endMs={endMs} range={range} isStale={isStale} />;
}
