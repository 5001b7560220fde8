// Owns by what the spans of the waterfall are coloured: the choice is in the address, attributes are asked for. Never draws.
import { useMemo } from "react";
import { useSpanValues } from "../api/spanQueries";
import { colouringOf, DEFAULT_COLOUR_FIELD, isOwnField, readColourField, type SpanColouring } from "../model/spanColour";
import type { TraceTree } from "../model/traceTree";
import { useParameter } from "../router";

export interface ColourChoice {
  colouring: SpanColouring;
  /** While the values of an attribute are on their way, and what went wrong with them. */
  isPending: boolean;
  error: Error | null;
  choose: (field: string) => void;
}

export function useSpanColouring(tree: TraceTree): ColourChoice {
  const [text, setText] = useParameter("colour");
  const field = readColourField(text);
  const values = useSpanValues(tree, isOwnField(field) ? null : field);
  const colouring = useMemo(() => colouringOf(tree, field, values.data ?? null), [tree, field, values.data]);
  return { colouring, isPending: values.isLoading, error: values.error, choose: (next) => setText(next === DEFAULT_COLOUR_FIELD ? null : next) };
}
