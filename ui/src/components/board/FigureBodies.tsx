// Owns panels of single figures: the number with its small line, and the gauge. Their sizes follow the panel.
import { gapSparkline } from "../../layout/sparkline";
import type { Reduction, Threshold } from "../../model/board";
import { COLOUR_TOKENS, reduceValues, thresholdOf } from "../../model/boardData";
import type { ViewLine } from "../chart/SeriesView";

const FIGURES_MOST = 12;
const [SPARK_W, SPARK_H] = [300, 40];

interface FigureProps {
  lines: readonly ViewLine[];
  reduce: Reduction;
  thresholds?: readonly Threshold[];
  height: number;
}

export function StatBody({ lines, reduce, thresholds, height, width }: FigureProps & { width: number }) {
  const isAlone = lines.length === 1;
  /** As large as the panel lets it be: about 0.62 of its size is the width of a letter. */
  const sizeOf = (text: string): number => (isAlone ? Math.max(Math.min(height * 0.4, 44, (width - 12) / (text.length * 0.62)), 14) : 22);
  return (
    <div className="stat-panel" data-alone={isAlone || undefined}>
      {lines.slice(0, FIGURES_MOST).map((line, place) => {
        const value = reduceValues(line.values, reduce);
        const colour = thresholdOf(value, thresholds);
        const spark = gapSparkline(line.values, SPARK_W, SPARK_H);
        return (
          <div key={place} className="stat" style={{ color: colour ? COLOUR_TOKENS[colour] : undefined }}>
            {isAlone && height > 70 && (
              <svg className="stat-spark" viewBox={`0 0 ${SPARK_W} ${SPARK_H}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <path className="spark-area" d={spark.area} />
                <path className="spark-line" d={spark.line} />
              </svg>
            )}
            {!isAlone && <span className="stat-name">{line.name}</span>}
            <strong style={{ fontSize: sizeOf(line.write(value)) }}>{line.write(value)}</strong>
          </div>
        );
      })}
    </div>
  );
}

const START = Math.PI * 0.8;
const SWEEP = Math.PI * 1.4;

function arc(from: number, to: number, radius: number): string {
  const point = (share: number): string => {
    const angle = START + SWEEP * share;
    return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${point(from)}A${radius} ${radius} 0 ${SWEEP * (to - from) > Math.PI ? 1 : 0} 1 ${point(to)}`;
}

/** Without a range: shares end at all, everything else a little above the most there was. */
function rangeOf(lines: readonly ViewLine[], unit: string, min: number | undefined, max: number | undefined): [number, number] {
  const most = lines.flatMap((line) => line.values).reduce<number>((largest, value) => Math.max(largest, value ?? 0), 0);
  return [min ?? 0, max ?? (unit === "ratio" ? 1 : unit === "%" ? 100 : most * 1.15 || 1)];
}

export function GaugeBody({ lines, reduce, thresholds = [], min, max, unit, height }: FigureProps & { min?: number; max?: number; unit: string }) {
  const [low, high] = rangeOf(lines, unit, min, max);
  const share = (value: number): number => Math.min(Math.max((value - low) / (high - low || 1), 0), 1);
  const steps = [...thresholds].sort((a, b) => a.value - b.value);
  return (
    <div className="gauge-panel">
      {lines.slice(0, FIGURES_MOST).map((line, place) => {
        const value = reduceValues(line.values, reduce);
        const colour = thresholdOf(value, thresholds);
        return (
          <div key={place} className="gauge">
            <svg viewBox="0 0 100 84" role="img" aria-label={`${line.name} ${line.write(value)}`} style={{ height: Math.max(40, height - (lines.length > 1 ? 22 : 4)) }}>
              <path className="gauge-ground" d={arc(0, 1, 40)} />
              {steps.map((step, index) => {
                const [from, to] = [share(step.value), share(steps[index + 1]?.value ?? high)];
                return to > from && <path key={index} className="gauge-step" d={arc(from, to, 46.5)} stroke={COLOUR_TOKENS[step.colour]} />;
              })}
              {value !== null && share(value) > 0 && <path className="gauge-value" d={arc(0, share(value), 40)} stroke={colour ? COLOUR_TOKENS[colour] : "var(--accent)"} />}
              <text x="50" y="56" textAnchor="middle">{line.write(value)}</text>
            </svg>
            {lines.length > 1 && <span className="stat-name">{line.name}</span>}
          </div>
        );
      })}
    </div>
  );
}
