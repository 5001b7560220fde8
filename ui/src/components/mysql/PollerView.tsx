// Owns the view of what watching costs, and of what cannot be seen.
import type { MysqlServer } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { formatCount } from "../../model/numbers";
import { percentOf, shortNumber } from "../../model/mysqlCharts";
import { texts } from "../../texts";
import { MissingNotes } from "./MissingNotes";

const said = texts.mysqlPage.poller;
/** What the project sets itself, docs/mysql.md. */
const GOAL_SERVER_MS = 3;
const GOAL_CPU = 0.003;

export function PollerView({ server }: { server: MysqlServer }) {
  const { cost } = server;
  const facts: { name: string; value: string; note?: string; isOver?: boolean }[] = [
    { name: said.serverTime, value: said.perSecond(`${shortNumber(cost.server_ms_per_second)} ms`), note: said.goal(`${GOAL_SERVER_MS} ms`), isOver: cost.server_ms_per_second > GOAL_SERVER_MS },
    { name: said.statements, value: said.perSecond(shortNumber(cost.statements_per_second)) },
    { name: said.cpu, value: percentOf(cost.own_cpu_ratio).replace(/^0\.0( ?%)$/, "<0.1$1"), note: said.goal(texts.common.percent("0.3")), isOver: cost.own_cpu_ratio > GOAL_CPU },
    { name: said.interval, value: formatDuration(server.interval_ms * 1e6) },
    { name: said.skipped, value: formatCount(cost.skipped), note: said.skippedHint },
  ];
  return (
    <div className="poller-view">
      <section className="mysql-card" aria-label={said.cost}>
        <h2>{said.cost}</h2>
        <dl className="cost-facts">
          {facts.map((fact) => (
            <div key={fact.name}>
              <dt>{fact.name}</dt>
              <dd data-bad={fact.isOver || undefined}>{fact.value}</dd>
              {fact.note && <dd className="cost-note">{fact.note}</dd>}
            </div>
          ))}
        </dl>
        <p className="muted small">{said.costHint}</p>
      </section>
      <section className="mysql-card" aria-label={said.missing}>
        <h2>{said.missing}</h2>
        <MissingNotes missing={server.missing} />
      </section>
    </div>
  );
}
