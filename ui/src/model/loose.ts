// Owns looking into documents of others, of which nothing is sure: what is not of the wanted kind is empty.

export type Loose = Record<string, unknown>;

export const recordFrom = (value: unknown): Loose => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : {});
export const listFrom = (value: unknown): Loose[] => (Array.isArray(value) ? value.filter((one): one is Loose => typeof one === "object" && one !== null && !Array.isArray(one)) : []);
export const textFrom = (value: unknown): string => (typeof value === "string" ? value : "");
export const numberFrom = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
