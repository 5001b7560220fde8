// Owns names and values of attributes, for the field that completes filters: by Tempo's routes for tags. Where they are
// missing, nothing is offered.
import { useQuery } from "@tanstack/react-query";
import { writeKey, type TagValue } from "../model/filterCompletion";
import { getJson } from "./client";

const HOLDS_MS = 60_000;
/** Those of OpenTelemetry that hold attributes; intrinsics are known without asking. */
const SCOPES = ["resource", "span", "event", "link", "instrumentation"];

interface TagScopes {
  scopes?: { name: string; tags?: string[] }[];
}

/** Attributes as filters write them: `span.http.route`. */
export function useAttributeKeys(isWanted: boolean) {
  return useQuery({
    queryKey: ["attribute-keys"],
    queryFn: async ({ signal }) => {
      const { scopes = [] } = await getJson<TagScopes>("/tempo/api/v2/search/tags", {}, signal);
      return scopes.filter((scope) => SCOPES.includes(scope.name)).flatMap((scope) => (scope.tags ?? []).map((tag) => writeKey(scope.name, tag)));
    },
    enabled: isWanted,
    staleTime: HOLDS_MS,
    retry: false,
  });
}

/** The values of one tag that have been seen; `null` asks nothing. */
export function useAttributeValues(tag: string | null) {
  return useQuery({
    queryKey: ["attribute-values", tag],
    queryFn: async ({ signal }) => {
      const { tagValues = [] } = await getJson<{ tagValues?: TagValue[] }>(`/tempo/api/v2/search/tag/${encodeURIComponent(tag ?? "")}/values`, {}, signal);
      return tagValues;
    },
    enabled: tag !== null,
    staleTime: HOLDS_MS,
    retry: false,
  });
}
