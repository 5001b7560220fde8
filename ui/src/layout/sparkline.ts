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
