// Owns the view of replication: who copies whom as a small graph, the channels of this server, and its lag over time.
import { useMemo } from "react";
import { useMysqlServers } from "../../api/mysqlQueries";
import { useSteps } from "../../api/promQueries";
import type { MysqlReplica, MysqlServer } from "../../api/mysqlTypes";
import { edgeLine, NODE, replicationGraph, type ReplicationEdge, type ReplicationNode } from "../../layout/replicationGraph";
import { formatDuration } from "../../model/duration";
import { chartsFor, writerOf } from "../../model/mysqlCharts";
import { lightOf, productOf } from "../../model/mysqlLight";
import type { RingPoint } from "../../model/mysqlRing";
import { mysqlAddress } from "../../router";
import { texts } from "../../texts";
import { Link } from "../Link";
import { LiveTile } from "./LiveTile";
import { RangeTile } from "./RangeTile";
import { ServerLight } from "./ServerLight";

const said = texts.mysqlPage.replication;
const REFRESH_MS = 10_000;
const LATE_SECONDS = 10;
const writeLag = writerOf("seconds");
const LAG = chartsFor(true).filter((chart) => chart.key === "lag");

export function ReplicationView({ server, ring, endMs, range }: { server: MysqlServer; ring: readonly RingPoint[]; endMs: number; range: string | null }) {
  const fleet = useMysqlServers();
  const servers = useMemo(() => (fleet.data ?? []).map((one) => (one.name === server.name ? server : one)), [fleet.data, server]);
  const graph = useMemo(() => replicationGraph(servers.length === 0 ? [server] : servers, server.name), [servers, server]);
  const { steps } = useSteps(range ?? "1h", range === null ? null : REFRESH_MS);
  return (
    <div className="replication-view">
      <section className="mysql-card" aria-label={said.title}>
        <h2>{said.title}</h2>
        {graph.edges.length === 0 ? <p className="muted">{said.none}</p> : (
          <div className="graph-scroller">
            <div className="replication-graph" style={{ width: graph.width, height: graph.height }}>
              <svg width={graph.width} height={graph.height} aria-hidden="true" focusable="false">{graph.edges.map((edge, place) => <path key={place} className="replication-edge" data-state={stateOf(edge.replica)} d={edgeLine(edge).path} />)}</svg>
              {graph.edges.map((edge, place) => <EdgeLabel key={place} edge={edge} />)}
              {graph.nodes.map((node) => <GraphNode key={node.name} node={node} isAbout={node.name === server.name} />)}
            </div>
          </div>
        )}
      </section>
      {server.replication.length > 0 && (
        <>
          <section className="mysql-card table-scroller" tabIndex={0}><ChannelTable replicas={server.replication} /></section>
          <div className="tiles one">{LAG.map((chart) => (range === null ? <LiveTile key={chart.key} chart={chart} ring={ring} intervalMs={server.interval_ms} endMs={endMs} isStale={!server.up} /> : <RangeTile key={chart.key} chart={chart} server={server.name} steps={steps} />))}</div>
        </>
      )}
    </div>
  );
}

function isRunning(replica: MysqlReplica): boolean {
  return replica.io === "Yes" && replica.sql === "Yes";
}

function stateOf(replica: MysqlReplica): "stopped" | "late" | "even" {
  if (!isRunning(replica)) return "stopped";
  return (replica.lag_seconds ?? 0) > LATE_SECONDS ? "late" : "even";
}

function lagWord(replica: MysqlReplica): string {
  if (!isRunning(replica)) return said.stopped;
  if (replica.lag_seconds === null) return said.unknown;
  return replica.lag_seconds < 0.5 ? said.even : said.behind(formatDuration(replica.lag_seconds * 1e9));
}

function EdgeLabel({ edge }: { edge: ReplicationEdge }) {
  const { replica } = edge;
  const { labelX, labelY } = edgeLine(edge);
  return (
    <span className="edge-label" data-state={stateOf(replica)} title={[said.threads(replica.io, replica.sql), replica.error].filter(Boolean).join(" · ")} style={{ left: labelX, top: labelY }}>
      {lagWord(replica)}
    </span>
  );
}

function GraphNode({ node, isAbout }: { node: ReplicationNode; isAbout: boolean }) {
  const content = (
    <>
      <span className="graph-name"><ServerLight light={lightOf(node.server ?? undefined, false)} /><span className="cut">{node.name}</span></span>
      <small className="muted">{node.server ? productOf(node.server, texts.mysqlPage.flavors) : said.outside}</small>
    </>
  );
  const place = { left: node.x, top: node.y, width: NODE.width, height: NODE.height };
  if (!node.server || isAbout) return <div className="graph-node" data-about={isAbout || undefined} style={place}>{content}</div>;
  return <Link className="graph-node" href={mysqlAddress(node.name, { tab: "replication" })} style={place} data-row>{content}</Link>;
}

function ChannelTable({ replicas }: { replicas: readonly MysqlReplica[] }) {
  return (
    <table className="mysql-table">
      <thead><tr>{(["source", "channel", "io", "sql", "lag", "error"] as const).map((column) => <th key={column} scope="col" className={column === "lag" ? "number" : undefined}>{said.columns[column]}</th>)}</tr></thead>
      <tbody>
        {replicas.map((one) => (
          <tr key={`${one.channel} ${one.source}`}>
            <td>{one.source}</td>
            <td className="muted">{one.channel || said.defaultChannel}</td>
            <td data-bad={one.io !== "Yes" || undefined}>{one.io}</td>
            <td data-bad={one.sql !== "Yes" || undefined}>{one.sql}</td>
            <td className="number">{writeLag(one.lag_seconds)}</td>
            <td className="muted wrap">{one.error || "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
