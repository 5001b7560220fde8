// Owns the samples of a statement: when it ran, how long, where it was seen, its trace.
import type { MysqlSample } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { dayAndTime } from "../../model/instant";
import { shortNumber } from "../../model/mysqlCharts";
import { momentMs } from "../../model/mysqlRing";
import { texts } from "../../texts";
import { TraceLink } from "./StatementTable";

const said = texts.mysqlPage.top;

export function SampleTable({ samples }: { samples: readonly MysqlSample[] }) {
  if (samples.length === 0) return <p className="muted">{said.noSamples}</p>;
  const longest = samples.reduce((most, one) => Math.max(most, one.duration_ns), 1);
  return (
    <div className="table-scroller" tabIndex={0}>
      <table className="mysql-table">
        <thead>
          <tr>
            <th scope="col">{said.sampleColumns.time}</th>
            <th scope="col" className="number">{said.sampleColumns.duration}</th>
            <th scope="col" className="wide-only" aria-hidden="true" />
            <th scope="col" className="number">{said.sampleColumns.rows}</th>
            <th scope="col">{said.sampleColumns.source}</th>
            <th scope="col">{said.sampleColumns.trace}</th>
          </tr>
        </thead>
        <tbody>
          {samples.map((one, place) => (
            <tr key={`${one.time} ${place}`}>
              <td className="mono">{dayAndTime(momentMs(one.time)).slice(5, 19)}</td>
              <td className="number">{formatDuration(one.duration_ns)}</td>
              <td className="wide-only bar-cell"><span className="share-bar" aria-hidden="true"><span style={{ width: `${(one.duration_ns / longest) * 100}%` }} /></span></td>
              <td className="number">{shortNumber(one.rows_examined)}</td>
              <td className="muted">{said.sources[one.source]}</td>
              <td title={one.joined_by ? said.joinedHint[one.joined_by === "time" ? "digest" : "context"] : undefined}>{one.trace_id === null ? <span className="faint">–</span> : <TraceLink traceId={one.trace_id} spanId={one.span_id} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
