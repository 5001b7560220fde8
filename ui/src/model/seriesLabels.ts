// Owns how the series of a chart are named: what all have in common is said once, what differs names each.

export interface NamedSeries {
  shared: [string, string][];
  names: string[];
}

export function nameSeries(labels: readonly Record<string, string>[]): NamedSeries {
  const keys = [...new Set(labels.flatMap((one) => Object.keys(one)))].sort();
  const isShared = (key: string): boolean => labels.every((one) => one[key] === labels[0][key]);
  const shared = keys.filter(isShared);
  const different = keys.filter((key) => !isShared(key));
  return {
    shared: labels.length === 0 ? [] : shared.map((key) => [key, labels[0][key]]),
    names: labels.map((one) => {
      const parts = different.filter((key) => one[key] !== undefined).map((key) => one[key]);
      return parts.join(" · ") || one["service.name"] || Object.values(one).join(" · ") || "value";
    }),
  };
}

export interface SeriesFigures {
  last: number | null;
  least: number | null;
  most: number | null;
}

export function figuresOf(values: readonly (number | null)[]): SeriesFigures {
  let last: number | null = null;
  let least: number | null = null;
  let most: number | null = null;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    last = value;
    least = least === null ? value : Math.min(least, value);
    most = most === null ? value : Math.max(most, value);
  }
  return { last, least, most };
}

/** One shared list of times (seconds) and each series' values at them; what a series lacks is a gap. */
export function alignSeries(series: readonly { points: [number, number | null][] }[]): { seconds: number[]; values: (number | null)[][] } {
  const times = [...new Set(series.flatMap((one) => one.points.map(([at]) => at)))].sort((a, b) => a - b);
  const positions = new Map(times.map((at, index) => [at, index]));
  const values = series.map((one) => {
    const row: (number | null)[] = new Array(times.length).fill(null);
    for (const [at, value] of one.points) row[positions.get(at) as number] = value;
    return row;
  });
  return { seconds: times.map((at) => at / 1000), values };
}
