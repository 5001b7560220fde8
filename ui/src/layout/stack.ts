// Owns putting lines on top of each other. Pure.

/** Each line with all before it added; hidden ones add nothing, and where no line has a value there is a gap. */
export function stackedValues(values: readonly (readonly (number | null)[])[], hidden: ReadonlySet<number>): (number | null)[][] {
  const count = values[0]?.length ?? 0;
  const sums = new Array<number>(count).fill(0);
  const isAny = Array.from({ length: count }, (_, place) => values.some((line, index) => !hidden.has(index) && line[place] !== null && line[place] !== undefined));
  return values.map((line, index) =>
    Array.from({ length: count }, (_, place) => {
      if (!hidden.has(index)) sums[place] += line[place] ?? 0;
      return isAny[place] ? sums[place] : null;
    }),
  );
}
