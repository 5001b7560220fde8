// Owns counts in Chinese sentences: a number, a measure word, a noun.

/** Making a number's form anew each time costs more than the rest of a row. */
const grouped = new Intl.NumberFormat("zh-CN");

export const count = (number: number, noun: string): string => `${grouped.format(number)} ${noun}`;
