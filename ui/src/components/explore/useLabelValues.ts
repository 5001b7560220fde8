// Owns which values a label has on the series that the rest of a query lets through.
import { useQuery } from "@tanstack/react-query";
import { askLabelValues } from "../../api/promQueries";
import { selectorOf, type BuiltQuery } from "../../model/promQuery";

export function useLabelValues(label: string, query: Pick<BuiltQuery, "metric" | "matchers">, enabled: boolean): string[] | undefined {
  const selector = selectorOf(query.metric, query.matchers.filter((one) => one.label !== label));
  return useQuery({ queryKey: ["prom-values", label, selector], queryFn: ({ signal }) => askLabelValues(label, selector, signal), enabled: enabled && label !== "", staleTime: 60_000 }).data;
}
