// Owns the picture of a statement's answer: lines over time, or bars by name. Which one is decided in model/sqlResult.
import { useMemo } from "react";
import { formatDuration } from "../model/duration";
import { formatValue } from "../model/numbers";
import { cellNumber, cellText, columnRole, lineData, planChart, type ChartPlan, type SqlAnswer } from "../model/sqlResult";
import { texts } from "../texts";
import { LineChart } from "./LineChart";

export function SqlChart({ answer }: { answer: SqlAnswer }) {
  const plan = useMemo(() => planChart(answer), [answer]);
  if (!plan) return <p className="nothing muted">{texts.sql.noChart}</p>;
  return plan.kind === "line" ? <Lines answer={answer} plan={plan} /> : <Bars answer={answer} plan={plan} />;
}

function writerOf(answer: SqlAnswer, column: number) {
  const isDuration = columnRole(answer.columns[column]) === "duration";
  return (value: number | null | undefined): string => (isDuration && value !== null && value !== undefined ? formatDuration(value) : formatValue(value));
}

function Lines({ answer, plan }: { answer: SqlAnswer; plan: ChartPlan }) {
  const data = useMemo(() => ({ ...lineData(answer, plan), names: plan.values.map((column) => answer.columns[column].name) }), [answer, plan]);
  return (
    <div className="sql-chart">
      <LineChart seconds={data.seconds} values={data.series} names={data.names} label={texts.sql.chart} height={300} write={writerOf(answer, plan.values[0])} />
    </div>
  );
}

function Bars({ answer, plan }: { answer: SqlAnswer; plan: ChartPlan }) {
  const column = plan.values[0];
  const write = writerOf(answer, column);
  const rows = answer.rows.map((row) => ({ name: cellText(row[plan.x]), value: cellNumber(row[column]) ?? 0 }));
  const most = rows.reduce((largest, row) => Math.max(largest, Math.abs(row.value)), 0) || 1;
  return (
    <div className="sql-chart">
      <div className="bars" role="img" aria-label={`${answer.columns[column].name} / ${answer.columns[plan.x].name}`}>
        {rows.map((row, index) => (
          <div key={index} className="bar-row">
            <span className="bar-name" title={row.name}>{row.name}</span>
            <span className="bar-track">
              <span style={{ width: `${(Math.abs(row.value) / most) * 100}%` }} />
            </span>
            <span className="number">{write(row.value)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
