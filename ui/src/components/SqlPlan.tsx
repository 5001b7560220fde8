// Owns how a statement's plan is drawn: a step a line, indented under the one it feeds, with rows, time and a bar of its
// share; all figures of a step when it is opened. Never reads the plan's text.
import type { CSSProperties } from "react";
import { formatDuration } from "../model/duration";
import { formatCount } from "../model/numbers";
import type { PlanStep, SqlPlan as Plan } from "../model/sqlPlan";
import { texts } from "../texts";
import { Icon } from "./Icon";

const INDENT_PX = 18;
const DEPTH_MOST = 24;

export function SqlPlan({ plan }: { plan: Plan }) {
  return (
    <div className="sql-plan" tabIndex={0} role="region" aria-label={texts.sql.plan}>
      <p className="muted small">{plan.isMeasured ? texts.sql.planMeasured : texts.sql.planOnly}</p>
      <ol>
        {plan.steps.map((step, place) => (
          <li key={place} style={{ "--indent": `${Math.min(step.depth, DEPTH_MOST) * INDENT_PX}px` } as CSSProperties}>
            {step.metrics.length === 0 ? <div className="plan-step"><StepHead step={step} longestNs={plan.longestNs} /></div> : (
              <details>
                <summary className="plan-step"><StepHead step={step} longestNs={plan.longestNs} /></summary>
                {step.detail !== "" && <p className="plan-detail mono">{step.detail}</p>}
                <dl>
                  {step.metrics.map(([name, value]) => (
                    <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
                  ))}
                </dl>
              </details>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}

function StepHead({ step, longestNs }: { step: PlanStep; longestNs: number }) {
  const share = step.timeNs === null || longestNs === 0 ? 0 : step.timeNs / longestNs;
  return (
    <>
      <span className="plan-name">
        {step.metrics.length > 0 && <Icon name="chevron" size={12} />}
        <strong>{step.name}</strong> <span className="muted mono" title={step.detail}>{step.detail}</span>
      </span>
      <span className="number">{step.rows === null ? "" : texts.sql.rows(step.rows)}</span>
      <span className="plan-time" data-hot={share > 0.5 || undefined}>
        <span className="plan-bar" aria-hidden="true"><span style={{ width: `${share * 100}%` }} /></span>
        <span className="number" title={step.rows === null ? undefined : formatCount(step.rows)}>{step.timeNs === null ? "" : formatDuration(step.timeNs)}</span>
      </span>
    </>
  );
}
