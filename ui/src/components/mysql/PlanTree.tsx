// Owns a plan drawn as a tree: each step with how it reads, rows, its part of the cost, and what is slow about it. The tree
// is model/planTree's, whatever form the server wrote.
import type { Plan, PlanRow } from "../../model/planTree";
import { shortNumber } from "../../model/mysqlCharts";
import { noteOf } from "../../model/planNode";
import { texts } from "../../texts";
import { Icon } from "../Icon";

const said = texts.mysqlPage.plan;
/** Steps that only hand on cost nothing worth a word. */
const NO_COST = 0.005;
const SLOW_ACCESS = new Set(["ALL", "index"]);

interface PlanTreeProps {
  plan: Plan;
  /** Tables whose way of reading differs from the plan beside it. */
  changed?: ReadonlySet<string>;
}

export function PlanTree({ plan, changed }: PlanTreeProps) {
  return (
    <ul className="plan" role="tree" aria-label={said.steps}>
      {plan.rows.map((row, place) => <PlanStep key={place} row={row} isChanged={row.node.table !== null && changed?.has(row.node.table) === true} />)}
    </ul>
  );
}

function PlanStep({ row, isChanged }: { row: PlanRow; isChanged: boolean }) {
  const { node, share } = row;
  const note = noteOf(node);
  const isSlow = node.warnings.includes("full_scan") || node.warnings.includes("full_index_scan");
  const figures = [node.rows === null ? null : said.rows(shortNumber(node.rows)), node.filtered !== null && node.filtered < 99.5 ? said.filtered(shortNumber(node.filtered)) : null, node.cost === null || node.cost < NO_COST ? null : said.cost(shortNumber(node.cost))].filter(Boolean);
  return (
    <li className="plan-row" role="treeitem" aria-level={row.depth + 1} aria-selected="false" data-changed={isChanged || undefined}>
      <span className="lock-guides" aria-hidden="true">{row.lastAt.map((isLast, level) => <span key={level} data-last={isLast || undefined} data-own={level === row.lastAt.length - 1 || undefined} />)}</span>
      <div className="plan-body">
        <p className="plan-line">
          <span className="plan-kind" data-kind={node.kind}>{said.kinds[node.kind]}</span>
          {note !== "" && <span className="plan-label cut" title={node.label}>{note}</span>}
          {node.table !== null && <strong>{node.table}</strong>}
          {node.access !== null && <span className="access-pill" data-slow={(isSlow && SLOW_ACCESS.has(node.access)) || undefined} title={node.access}>{said.access[node.access] ?? node.access}</span>}
          {node.key !== null && <code className="plan-key">{node.key}</code>}
          {node.isCovering && <span className="muted small">{said.covering}</span>}
          {node.warnings.map((warning) => <span key={warning} className="warn-pill"><Icon name="error" size={11} />{said.warnings[warning]}</span>)}
          <span className="plan-figures">{figures.join(" · ")}</span>
          <span className="share-bar" aria-hidden="true">{share !== null && <span style={{ width: `${share * 100}%` }} />}</span>
        </p>
        {node.condition !== null && <p className="plan-note cut" title={node.condition}>{node.condition}</p>}
      </div>
    </li>
  );
}
