// Owns counts in English sentences.

/** Making a number's form anew each time costs more than the rest of a row. */
const grouped = new Intl.NumberFormat("en-US");

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${grouped.format(count)} ${count === 1 ? one : many}`;
