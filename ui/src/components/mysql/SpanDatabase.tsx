// Owns what the database did for one span, in the panel beside the waterfall: its statement's usual times, what it waited for,
// who held it up and in which trace, the plan. Shows nothing where nothing is known.
import { useMemo } from "react";
import { useMysqlSpan } from "../../api/mysqlQueries";
import type { MysqlDigest, MysqlSpan } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { shortNumber } from "../../model/mysqlCharts";
import { isIdleInTransaction } from "../../model/lockTree";
import { planOfSpan } from "../../model/mysqlSpans";
import { digestAddress, mysqlAddress, traceAddress } from "../../router";
import { texts } from "../../texts";
import { Icon } from "../Icon";
import { Link } from "../Link";
import { PanelSection } from "../PanelSection";
import { PlanBody } from "./PlanSection";
import { SampleTable } from "./SampleTable";
import { SqlText } from "./SqlText";
import "../../styles/mysqlParts.css";

const said = texts.mysqlPage.span;
const LONGER_THAN_USUAL = 3;

export function SpanDatabase({ traceId, spanId, durationNs }: { traceId: string; spanId: string; durationNs: number }) {
  const answer = useMysqlSpan(traceId, spanId, true).data;
  if (!answer || (answer.joined_by === "none" && answer.digest === null && answer.blocker === null)) return null;
  const joined = answer.joined_by === "none" ? null : said.joined[answer.joined_by];
  return (
    <PanelSection title={said.title} note={answer.server ?? undefined}>
      <div className="span-database">
        {joined && answer.server !== null && <p className="muted small">{joined(answer.server)}</p>}
        {answer.digest && <SpanDigest digest={answer.digest} durationNs={durationNs} />}
        {answer.blocker && <Blocker blocker={answer.blocker} server={answer.server} />}
        {answer.waits.length > 0 && <Waits waits={answer.waits} durationNs={durationNs} />}
        {answer.plan !== null && <SpanPlan plan={answer.plan} />}
        {answer.samples.length > 0 && <details className="raw-text"><summary>{said.samples}</summary><SampleTable samples={answer.samples} /></details>}
      </div>
    </PanelSection>
  );
}

function SpanDigest({ digest, durationNs }: { digest: MysqlDigest; durationNs: number }) {
  const factor = digest.avg_ns > 0 ? durationNs / digest.avg_ns : 0;
  return (
    <>
      <p className="small">
        <span>{digest.p95_ns === null ? said.usualAverage(formatDuration(digest.avg_ns)) : said.usual(formatDuration(digest.avg_ns), formatDuration(digest.p95_ns))}</span>
        {factor >= LONGER_THAN_USUAL && <span className="warn-pill">{said.times(shortNumber(Number(factor.toPrecision(2))))}</span>}
      </p>
      <Link className="span-digest" href={digestAddress(digest.server, digest.digest, digest.schema)} title={said.toDigest}><SqlText text={digest.text} /></Link>
    </>
  );
}

function Blocker({ blocker, server }: { blocker: NonNullable<MysqlSpan["blocker"]>; server: string | null }) {
  const { statement } = blocker;
  return (
    <div className="span-blocker">
      <p>
        <strong>{said.blocker}</strong> {server === null ? said.blockerOn(blocker.object, statement.thread) : <Link href={mysqlAddress(server, { tab: "locks" })}>{said.blockerOn(blocker.object, statement.thread)}</Link>}
        {isIdleInTransaction(statement) && <span className="warn-pill">{texts.mysqlPage.now.idle}</span>}
      </p>
      {statement.text !== "" && <SqlText text={statement.text} />}
      {blocker.trace_id === null ? <p className="muted small">{said.noTrace}</p> : <p><Link className="blocker-trace" href={traceAddress(blocker.trace_id, blocker.span_id ?? undefined)}><Icon name="link" size={13} />{said.blockerTrace}</Link></p>}
    </div>
  );
}

function Waits({ waits, durationNs }: { waits: MysqlSpan["waits"]; durationNs: number }) {
  return (
    <>
      <h4>{said.waits}</h4>
      <ul className="sender-list span-waits">
        {waits.map((wait) => (
          <li key={wait.event}>
            <span className="mono cut wait-event" title={wait.event}>{wait.event.replace(/^wait\//, "")}</span>
            <span className="share-bar" aria-hidden="true"><span style={{ width: `${Math.min(1, wait.duration_ns / Math.max(durationNs, 1)) * 100}%` }} /></span>
            <span className="figure-duration">{formatDuration(wait.duration_ns)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function SpanPlan({ plan }: { plan: unknown }) {
  const read = useMemo(() => planOfSpan(plan), [plan]);
  const warnings = read?.warnings ?? [];
  return (
    <details className="raw-text" open={warnings.length > 0}>
      <summary>{said.plan} {warnings.map((warning) => <span key={warning} className="warn-pill">{texts.mysqlPage.plan.warnings[warning]}</span>)}</summary>
      <PlanBody explained={plan} read={read} />
    </details>
  );
}
