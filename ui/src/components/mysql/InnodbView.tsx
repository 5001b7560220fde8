// Owns the view of InnoDB: what fills the buffer pool, how old the checkpoint is, history, row operations, the largest tables,
// and InnoDB's own words.
import { useMysqlInnodb, useMysqlTables } from "../../api/mysqlQueries";
import type { MysqlInnodb, MysqlTable } from "../../api/mysqlTypes";
import { formatBytes } from "../../model/numbers";
import { percentOf, shortNumber } from "../../model/mysqlCharts";
import { poolParts } from "../../model/mysqlPool";
import { texts } from "../../texts";
import { CopyButton } from "../CopyButton";
import { ErrorNote } from "../ErrorNote";
import { percentText } from "../FigureTable";
import { LoadingNote } from "../LoadingNote";

const said = texts.mysqlPage.innodb;
const TABLES_SHOWN = 50;
/** Above this much of the redo log without checkpoint InnoDB begins to hold writers up. */
const CHECKPOINT_LATE = 0.75;
const AUTO_LATE = 0.8;

export function InnodbView({ server }: { server: string }) {
  const answer = useMysqlInnodb(server);
  const tables = useMysqlTables(server, TABLES_SHOWN);
  if (answer.error && !answer.data) return <ErrorNote error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <LoadingNote />;
  return (
    <div className="innodb-view">
      <div className="innodb-cards">
        <Pool innodb={answer.data} />
        <RedoLog innodb={answer.data} />
        <Operations innodb={answer.data} />
      </div>
      <section className="mysql-card" aria-label={said.tables}>
        <h2>{said.tables}</h2>
        {tables.data && tables.data.length > 0 ? <TableSizes tables={tables.data} /> : <p className="muted">{said.noTables}</p>}
      </section>
      {answer.data.status_text !== "" && (
        <details className="mysql-card raw-text">
          <summary>{said.status}</summary>
          <CopyButton text={answer.data.status_text} caption={texts.common.copy} />
          <pre className="mono">{answer.data.status_text}</pre>
        </details>
      )}
    </div>
  );
}

function Pool({ innodb }: { innodb: MysqlInnodb }) {
  const pool = innodb.buffer_pool;
  const parts = poolParts(pool);
  return (
    <section className="mysql-card" aria-label={said.pool}>
      <h2>{said.pool}</h2>
      <p className="card-figure">{pool.hit_ratio === null ? "–" : percentOf(pool.hit_ratio)} <span className="muted small">{said.hits}</span></p>
      <div className="pool-bar" aria-hidden="true">{parts.map((part) => <span key={part.key} data-part={part.key} style={{ width: `${part.share * 100}%` }} />)}</div>
      <p className="pool-legend small">{parts.map((part) => <span key={part.key}><span className="pool-key" data-part={part.key} />{said.poolParts[part.key]} <strong>{formatBytes(part.bytes)}</strong></span>)}</p>
      <p className="muted small">{said.poolOf(formatBytes(pool.data_bytes), formatBytes(pool.size_bytes))}</p>
    </section>
  );
}

function RedoLog({ innodb }: { innodb: MysqlInnodb }) {
  const { checkpoint_age_bytes: age, capacity_bytes: capacity } = innodb.log;
  const share = age === null || capacity === null || capacity <= 0 ? null : age / capacity;
  return (
    <section className="mysql-card" aria-label={said.log}>
      <h2>{said.log}</h2>
      {share === null || age === null || capacity === null ? <p className="muted">{said.noLog}</p> : (
        <>
          <p className="card-figure" data-bad={share > CHECKPOINT_LATE || undefined}>{percentText(share)}</p>
          <div className="pool-bar" aria-hidden="true" data-late={share > CHECKPOINT_LATE || undefined}><span data-part="log" style={{ width: `${Math.min(1, share) * 100}%` }} /></div>
          <p className="muted small">{said.checkpoint(formatBytes(age), formatBytes(capacity))}</p>
        </>
      )}
      <h2 className="second">{said.history}</h2>
      <p className="card-figure">{innodb.history_list_length === null ? "–" : shortNumber(innodb.history_list_length)}</p>
      <p className="muted small">{said.historyHint}</p>
    </section>
  );
}

function Operations({ innodb }: { innodb: MysqlInnodb }) {
  const entries = Object.entries(innodb.row_operations);
  const most = Math.max(...entries.map(([, value]) => value), 1);
  return (
    <section className="mysql-card" aria-label={said.operations}>
      <h2>{said.operations}</h2>
      <ul className="sender-list">
        {entries.map(([name, value]) => (
          <li key={name}>
            <span className="operation-name">{said.operationNames[name] ?? name}</span>
            <span className="share-bar" aria-hidden="true"><span style={{ width: `${(value / most) * 100}%` }} /></span>
            <span className="figure-duration">{shortNumber(value)}</span>
          </li>
        ))}
      </ul>
      {innodb.semaphores_waits !== null && <p className="muted small">{said.semaphores}: <strong>{shortNumber(innodb.semaphores_waits)}</strong></p>}
    </section>
  );
}

function TableSizes({ tables }: { tables: readonly MysqlTable[] }) {
  const most = Math.max(...tables.map((one) => one.data_bytes + one.index_bytes), 1);
  return (
    <div className="table-scroller" tabIndex={0}>
      <table className="mysql-table">
        <thead>
          <tr>
            <th scope="col">{said.tableColumns.table}</th>
            <th scope="col" className="number">{said.tableColumns.rows}</th>
            <th scope="col" className="number">{said.tableColumns.data}</th>
            <th scope="col" className="number">{said.tableColumns.index}</th>
            <th scope="col" className="number">{said.tableColumns.total}</th>
            <th scope="col" className="wide-only" aria-hidden="true" />
            <th scope="col" className="number" title={said.autoHint}>{said.tableColumns.auto}</th>
          </tr>
        </thead>
        <tbody>
          {tables.map((one) => (
            <tr key={`${one.schema}.${one.table}`}>
              <td><span className="muted">{one.schema}.</span>{one.table}</td>
              <td className="number">{shortNumber(one.rows)}</td>
              <td className="number">{formatBytes(one.data_bytes)}</td>
              <td className="number">{formatBytes(one.index_bytes)}</td>
              <td className="number">{formatBytes(one.data_bytes + one.index_bytes)}</td>
              <td className="wide-only bar-cell"><span className="size-bar" aria-hidden="true"><span data-part="clean" style={{ width: `${(one.data_bytes / most) * 100}%` }} /><span data-part="index" style={{ width: `${(one.index_bytes / most) * 100}%` }} /></span></td>
              <td className="number" data-bad={(one.auto_increment_used_ratio ?? 0) > AUTO_LATE || undefined}>{one.auto_increment_used_ratio === null ? "–" : percentText(one.auto_increment_used_ratio)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
