// Owns the plans of a digest: the one in use, and where it changed the old and the new side by side, with what that did to a
// call. Never compares itself: model/planTree and model/mysqlDigests do.
import { useMemo, useState } from "react";
import type { MysqlDigestPoint, MysqlPlan } from "../../api/mysqlTypes";
import { formatDuration } from "../../model/duration";
import { dayAndTime } from "../../model/instant";
import { shortNumber } from "../../model/mysqlCharts";
import { planSpeed, plansByTime, type PlanSpeed } from "../../model/mysqlDigests";
import { momentMs } from "../../model/mysqlRing";
import { readPlan, tableChanges, type Plan } from "../../model/planTree";
import { texts } from "../../texts";
import { PlanTree } from "./PlanTree";

const said = texts.mysqlPage.plan;
const NOTABLE = 1.2;
const minute = (text: string): string => dayAndTime(momentMs(text)).slice(0, 16);

export function PlanSection({ plans, points }: { plans: readonly MysqlPlan[]; points: readonly MysqlDigestPoint[] }) {
  const ordered = useMemo(() => plansByTime(plans), [plans]);
  const [older, setOlder] = useState(1);
  if (ordered.length === 0) return <p className="muted">{said.none}</p>;
  const before = ordered[Math.min(older, ordered.length - 1)];
  if (ordered.length === 1) return <OnePlan plan={ordered[0]} />;
  return (
    <>
      {ordered.length > 2 && (
        <select aria-label={said.changesOf(ordered.length - 1)} value={older} onChange={(change) => setOlder(Number(change.target.value))}>
          {ordered.slice(1).map((plan, place) => <option key={plan.plan_hash} value={place + 1}>{plan.plan_hash} · {said.used(minute(plan.first_seen), minute(plan.last_seen))}</option>)}
        </select>
      )}
      <PlanChange before={before} after={ordered[0]} points={points} />
    </>
  );
}

function PlanChange({ before, after, points }: { before: MysqlPlan; after: MysqlPlan; points: readonly MysqlDigestPoint[] }) {
  const [old, fresh] = useMemo(() => [readPlan(before.plan), readPlan(after.plan)], [before.plan, after.plan]);
  const changes = useMemo(() => (old && fresh ? tableChanges(old, fresh) : []), [old, fresh]);
  const speed = useMemo(() => planSpeed(before, after, points), [before, after, points]);
  const changed = new Set(changes.map((change) => change.table));
  return (
    <>
      <ul className="plan-changes">
        {speed.factor !== null && (speed.factor > NOTABLE || speed.factor < 1 / NOTABLE) && <li data-worse={speed.factor > 1 || undefined}><strong>{speed.factor > 1 ? said.slower(shortNumber(Number(speed.factor.toPrecision(2)))) : said.faster(shortNumber(Number((1 / speed.factor).toPrecision(2))))}</strong></li>}
        {changes.map((change) => <li key={`${change.table} ${change.after}`} data-worse={change.isWorse || undefined}>{said.change(change.table, wayText(change.before), wayText(change.after))}</li>)}
        {changes.length === 0 && old && fresh && <li>{said.same}</li>}
      </ul>
      <div className="plan-sides">
        <PlanSide title={said.before} plan={before} read={old} changed={changed} speed={speed.beforeNs} />
        <PlanSide title={said.after} plan={after} read={fresh} changed={changed} speed={speed.afterNs} isCurrent />
      </div>
    </>
  );
}

function wayText(way: string | null): string {
  if (way === null) return said.gone;
  const [access, ...key] = way.split(" ");
  return [said.access[access] ?? access, ...key].join(" ");
}

function PlanSide({ title, plan, read, changed, speed, isCurrent = false }: { title: string; plan: MysqlPlan; read: Plan | null; changed: ReadonlySet<string>; speed: PlanSpeed["beforeNs"]; isCurrent?: boolean }) {
  return (
    <section className="plan-side" aria-label={title}>
      <h3>
        {title} {isCurrent && <span className="mode-pill">{said.current}</span>}
        <span className="muted small">{said.used(minute(plan.first_seen), minute(plan.last_seen))}{costText(read)}{speed !== null && ` · ${said.average(formatDuration(speed))}`}</span>
      </h3>
      <PlanBody explained={plan.plan} read={read} changed={changed} />
    </section>
  );
}

function costText(read: Plan | null): string {
  return read === null || read.cost === null ? "" : ` · ${said.cost(shortNumber(read.cost))}`;
}

function OnePlan({ plan }: { plan: MysqlPlan }) {
  const read = useMemo(() => readPlan(plan.plan), [plan.plan]);
  return (
    <section className="plan-side">
      <p className="muted small">{said.used(minute(plan.first_seen), minute(plan.last_seen))}{costText(read)}</p>
      <PlanBody explained={plan.plan} read={read} />
    </section>
  );
}

/** Drawn, or as the server wrote it. */
export function PlanBody({ explained, read, changed }: { explained: unknown; read: Plan | null; changed?: ReadonlySet<string> }) {
  const [isRaw, setRaw] = useState(false);
  const raw = typeof explained === "string" ? explained : JSON.stringify(explained, null, 2);
  return (
    <>
      {read === null && <p className="muted">{said.unread}</p>}
      {read !== null && !isRaw ? <PlanTree plan={read} changed={changed} /> : <pre className="sql-text plan-raw">{raw}</pre>}
      {read !== null && <button type="button" className="text-button small" onClick={() => setRaw(!isRaw)}>{isRaw ? said.drawn : said.raw}</button>}
    </>
  );
}
