// Owns the shape of a small line without axes: values as a path in a box, from zero to the most. Pure.

export interface Sparkline {
  line: string;
  area: string;
  most: number;
}

const round = (value: number): string => String(Math.round(value * 10) / 10);

/** With `most` given, several lines can share a scale. */
export function sparkline(values: readonly number[], width: number, height: number, most = Math.max(...values, 0)): Sparkline {
  if (values.length === 0 || !(most > 0)) return { line: `M0 ${round(height)}H${round(width)}`, area: "", most: 0 };
  const step = width / Math.max(values.length - 1, 1);
  const points = values.map((value, index) => `${round(index * step)} ${round(height - (Math.min(Math.max(value, 0), most) / most) * height)}`);
  const line = points.length === 1 ? `M0 ${points[0].split(" ")[1]}H${round(width)}` : `M${points.join("L")}`;
  return { line, area: `${line}L${round(width)} ${round(height)}L0 ${round(height)}Z`, most };
}

/** A line with gaps, from the least to the most of its values; from zero where they are not far from it. */
export function gapSparkline(values: readonly (number | null)[], width: number, height: number): Sparkline {
  const present = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (present.length === 0) return { line: "", area: "", most: 0 };
  const [least, most] = [Math.min(...present), Math.max(...present)];
  const floor = least >= 0 && least < most * 0.6 ? 0 : least - (most - least || Math.abs(most) || 1) * 0.15;
  const top = most > floor ? most : floor + 1;
  const step = width / Math.max(values.length - 1, 1);
  const y = (value: number): string => round(height - ((value - floor) / (top - floor)) * (height - 1));
  const runs: { from: number; points: string[] }[] = [];
  values.forEach((value, place) => {
    if (value === null || !Number.isFinite(value)) return;
    if (place === 0 || values[place - 1] === null || runs.length === 0) runs.push({ from: place, points: [] });
    runs[runs.length - 1].points.push(`${round(place * step)} ${y(value)}`);
  });
  const line = runs.map(({ points }) => (points.length === 1 ? `M${points[0]}h1.5` : `M${points.join("L")}`)).join("");
  const area = runs.map(({ from, points }) => `M${points.join("L")}L${round((from + points.length - 1) * step)} ${round(height)}L${round(from * step)} ${round(height)}Z`).join("");
  return { line, area, most };
}
