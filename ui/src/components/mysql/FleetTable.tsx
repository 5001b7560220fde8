// Owns the rows of all servers: light, name, why it is not green, five figures with small lines. Figures keep their width
// while they move. Never orders and never filters.
import { useFleetSparks } from "../../api/mysqlSparks";
import type { MysqlServer } from "../../api/mysqlTypes";
import { gapSparkline } from "../../layout/sparkline";
import { formatDuration } from "../../model/duration";
import { dayAndTime } from "../../model/instant";
import { percentOf, shortNumber } from "../../model/mysqlCharts";
import { lagOf, lightOf, productOf } from "../../model/mysqlLight";
import { momentMs } from "../../model/mysqlRing";
import { mysqlAddress } from "../../router";
import { texts } from "../../texts";
import { Link } from "../Link";
import { ServerLight } from "./ServerLight";

const said = texts.mysqlPage;
const SPARK = { width: 96, height: 24 };
const HIGH_USAGE = 0.8;
const LATE_SECONDS = 10;

type Sparks = Map<string, (number | null)[]> | undefined;

export function FleetTable({ servers, isOutOfSight }: { servers: readonly MysqlServer[]; isOutOfSight: boolean }) {
  const sparks = useFleetSparks();
  return (
    <div className="fleet" role="table" aria-label={said.servers(servers.length)} data-stale={isOutOfSight || undefined}>
      <div className="fleet-row head" role="row">
        {(["name", "qps", "running", "connections", "locks", "lag"] as const).map((column) => <span key={column} role="columnheader" data-column={column}>{said.columns[column]}</span>)}
      </div>
      {servers.map((server) => <FleetRow key={server.name} server={server} isOutOfSight={isOutOfSight} qps={sparks.qps} running={sparks.connections_running} connections={sparks.connections} />)}
    </div>
  );
}

function FleetRow({ server, isOutOfSight, qps, running, connections }: { server: MysqlServer; isOutOfSight: boolean; qps: Sparks; running: Sparks; connections: Sparks }) {
  const { figures } = server;
  const lag = lagOf(server);
  const usage = figures.connections_usage;
  return (
    <div className="fleet-row" role="row" data-row data-light={lightOf(server, isOutOfSight)}>
      <span role="cell" data-column="name">
        <ServerLight light={lightOf(server, isOutOfSight)} />
        <span className="fleet-name">
          <Link className="row-link fleet-link" href={mysqlAddress(server.name)}>{server.name}</Link>
          <span className="fleet-about">{aboutOf(server)}</span>
        </span>
      </span>
      <FigureCell column="qps" label={said.columnsShort.qps} value={figures.qps} spark={qps?.get(server.name)} />
      <FigureCell column="running" label={said.columnsShort.running} value={figures.connections_running} spark={running?.get(server.name)} />
      <span role="cell" data-column="connections" title={figures.connections === undefined ? undefined : said.ofConnections(String(figures.connections), String(figures.connections_max ?? "–"))}>
        <small className="cell-label">{said.columnsShort.connections}</small>
        <Spark values={connections?.get(server.name)} />
        <span className="usage-bar" aria-hidden="true" data-high={(usage ?? 0) > HIGH_USAGE || undefined}><span style={{ width: `${Math.min(100, (usage ?? 0) * 100)}%` }} /></span>
        <span className="fleet-figure">{usage === undefined ? "–" : percentOf(usage)}</span>
      </span>
      <span role="cell" data-column="locks">
        <small className="cell-label">{said.columnsShort.locks}</small>
        <span className="fleet-figure" data-bad={(figures.lock_waits_now ?? 0) > 0 || undefined}>{figures.lock_waits_now === undefined ? "–" : shortNumber(figures.lock_waits_now)}</span>
      </span>
      <span role="cell" data-column="lag">
        <small className="cell-label">{said.columnsShort.lag}</small>
        <span className="fleet-figure" data-bad={(lag ?? 0) > LATE_SECONDS || undefined}>{lagText(server, lag)}</span>
      </span>
    </div>
  );
}

function aboutOf(server: MysqlServer): string {
  if (server.reasons.length > 0) return server.reasons.map((reason) => said.reason(reason.code, reason.text)).join(" · ");
  if (!server.up) return said.downSince(dayAndTime(momentMs(server.since)).slice(0, 19));
  const uptime = server.uptime_seconds === null ? "" : said.up(formatDuration(server.uptime_seconds * 1e9));
  const missing = server.missing.length > 0 ? said.missingNote(server.missing.length) : "";
  return [productOf(server, said.flavors), uptime, missing].filter(Boolean).join(" · ");
}

export function lagText(server: MysqlServer, lag: number | null): string {
  if (lag !== null) return lag < 0.5 ? "0 s" : formatDuration(lag * 1e9);
  return server.replication.length > 0 ? "?" : "–";
}

function FigureCell({ column, label, value, spark }: { column: string; label: string; value: number | undefined; spark: (number | null)[] | undefined }) {
  return (
    <span role="cell" data-column={column}>
      <small className="cell-label">{label}</small>
      <Spark values={spark} />
      <span className="fleet-figure" data-figure={column}>{value === undefined ? "–" : shortNumber(value)}</span>
    </span>
  );
}

function Spark({ values }: { values: (number | null)[] | undefined }) {
  const line = gapSparkline(values ?? [], SPARK.width, SPARK.height - 1);
  return (
    <svg className="fleet-spark" viewBox={`0 0 ${SPARK.width} ${SPARK.height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <path className="spark-area" d={line.area} />
      <path className="spark-line" d={line.line} />
    </svg>
  );
}
