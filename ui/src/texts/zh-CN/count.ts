// Owns counts in Chinese sentences: a number, a measure word, a noun.

export const count = (number: number, noun: string): string => `${number.toLocaleString("zh-CN")} ${noun}`;
