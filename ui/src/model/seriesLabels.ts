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
