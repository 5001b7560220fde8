// Owns a deadlock: its transactions side by side, what each holds and waits for, which was rolled back, and InnoDB's words.
import { readDeadlock } from "../../model/mysqlEvents";
import { texts } from "../../texts";
import { SqlText } from "./SqlText";
import { TraceLink } from "./StatementTable";

const said = texts.mysqlPage.events;

export function DeadlockView({ detail }: { detail: Record<string, unknown> }) {
  const { transactions, victim, text } = readDeadlock(detail);
  return (
    <>
      <div className="deadlock">
        {transactions.map((one, place) => (
          <section key={place} className="deadlock-side" data-victim={victim === place + 1 || undefined} aria-label={said.transaction(place + 1)}>
            <h4>
              {said.transaction(place + 1)} <span className="muted small">{said.thread(one.thread)}</span>
              <span className={victim === place + 1 ? "block-pill" : "mode-pill"}>{victim === place + 1 ? said.victim : said.survived}</span>
              <span className="toolbar-gap" />
              {one.trace_id !== null && <TraceLink traceId={one.trace_id} spanId={null} />}
            </h4>
            <SqlText text={one.statement} isBroken />
            <dl>
              <div><dt>{said.holds}</dt><dd className="mono">{one.holds || "–"}</dd></div>
              <div><dt>{said.waits}</dt><dd className="mono">{one.waits_for || "–"}</dd></div>
            </dl>
          </section>
        ))}
      </div>
      {text !== "" && <details className="raw-text"><summary>{said.raw}</summary><pre className="mono">{text}</pre></details>}
    </>
  );
}
