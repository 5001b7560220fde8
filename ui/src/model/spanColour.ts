// Owns by what the spans of a trace are coloured: a field of theirs or an attribute, which value each span has, which colour
// token each value has, and how often it occurs. Never reads a token's colour and never draws.
import { colourSlot } from "./serviceColour";
import { wordFor } from "./attributeSearch";
import { isMissing, type TraceTree } from "./traceTree";
import { valueSlots } from "./valueColour";

export const OWN_COLOUR_FIELDS = ["service", "operation", "kind", "status"] as const;
type OwnField = (typeof OWN_COLOUR_FIELDS)[number];

export interface SpanColouring {
  /** As in the address: one of the own fields, or the key of an attribute. */
  field: string;
  /** By node the place of its value; the last place is that of spans without one. */
  valueOf: Int32Array;
  /** The most frequent first, but for services, which are in the trace's own order. */
  values: string[];
  counts: number[];
  /** Names of custom properties, one a value and one for spans without. */
  tokens: string[];
  without: number;
}

/** Spans that have no value: calm, and no colour of any value. */
const WITHOUT = "--line-strong";
/** What has a meaning of its own keeps it. */
const STATUS_TOKENS: Record<string, string> = { error: "--error", other: "--service-10" };
const KIND_SLOTS: Record<string, number> = { server: 0, client: 1, internal: 2, producer: 3, consumer: 4 };

export const DEFAULT_COLOUR_FIELD = "service";
export const isOwnField = (field: string): field is OwnField => (OWN_COLOUR_FIELDS as readonly string[]).includes(field);

/** What the address says; anything that is no own field is the key of an attribute. */
export function readColourField(text: string | null): string {
  return text === null || text.trim() === "" ? DEFAULT_COLOUR_FIELD : text.trim().slice(0, 200);
}

/** `attributes` are values by span id, while they are not known yet nothing: then no span has a value. */
export function colouringOf(tree: TraceTree, field: string, attributes: ReadonlyMap<string, string> | null): SpanColouring {
  const { spans } = tree;
  if (field === "service") return byService(tree);
  if (field === "operation") return byText(tree, field, (node) => spans.names[node]);
  if (field === "kind") return byText(tree, field, (node) => spans.kinds[node]);
  if (field === "status") return byText(tree, field, (node) => (spans.errors[node] === 1 ? "error" : "other"));
  return byText(tree, field, nodesWith(tree, attributes));
}

function nodesWith(tree: TraceTree, attributes: ReadonlyMap<string, string> | null): (node: number) => string | null {
  const byNode = new Map<number, string>();
  for (const [spanId, value] of attributes ?? []) {
    const node = tree.nodeBySpanId.get(spanId);
    if (node !== undefined) byNode.set(node, value);
  }
  return (node) => byNode.get(node) ?? null;
}

function byService(tree: TraceTree): SpanColouring {
  const { services, serviceOf, count } = tree.spans;
  const counts = new Array<number>(services.length).fill(0);
  const valueOf = new Int32Array(tree.nodeCount).fill(services.length);
  for (let node = 0; node < count; node++) {
    valueOf[node] = serviceOf[node];
    counts[serviceOf[node]]++;
  }
  return { field: "service", valueOf, values: services, counts, tokens: [...services.map((name) => `--service-${colourSlot(name)}`), WITHOUT], without: tree.nodeCount - count };
}

function byText(tree: TraceTree, field: string, read: (node: number) => string | null): SpanColouring {
  const places = new Map<string, number>();
  const counts: number[] = [];
  const placeOf = new Int32Array(tree.nodeCount).fill(-1);
  let without = 0;
  for (let node = 0; node < tree.nodeCount; node++) {
    const text = isMissing(tree, node) ? null : read(node);
    if (text === null) {
      without++;
      continue;
    }
    const place = places.get(text) ?? places.set(text, places.size).size - 1;
    placeOf[node] = place;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  const found = [...places.keys()];
  const order = found.map((_, place) => place).sort((a, b) => counts[b] - counts[a] || (found[a] < found[b] ? -1 : 1));
  const newPlace = new Int32Array(found.length);
  order.forEach((old, place) => (newPlace[old] = place));
  const values = order.map((place) => found[place]);
  return {
    field, values, without,
    valueOf: placeOf.map((place) => (place === -1 ? values.length : newPlace[place])),
    counts: order.map((place) => counts[place]),
    tokens: [...tokensOf(field, values), WITHOUT],
  };
}

function tokensOf(field: string, values: readonly string[]): string[] {
  if (field === "status") return values.map((value) => STATUS_TOKENS[value] ?? WITHOUT);
  if (field === "kind") return values.map((value) => (value in KIND_SLOTS ? `--service-${KIND_SLOTS[value]}` : WITHOUT));
  return valueSlots(field, values).map((slot) => `--service-${slot}`);
}

/** Of several spans drawn as one: their value where all have the same, else that of spans without. */
export function sharedValue({ valueOf, values }: SpanColouring, nodes: readonly number[]): number {
  const [first] = nodes;
  return first !== undefined && nodes.every((node) => valueOf[node] === valueOf[first]) ? valueOf[first] : values.length;
}

/** The word that finds the spans of a value in the search of the trace. */
export function searchForValue(field: string, value: string): string {
  // Kinds and states are compared whole anyway.
  if (field === "kind" || field === "status") return `${field}=${value}`;
  return wordFor(field === "operation" ? "name" : field, value);
}
