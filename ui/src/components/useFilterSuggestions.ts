// Owns gathering what the field for filters may offer: names and values come from the server only while they are wanted.
import { useMemo } from "react";
import { useServices } from "../api/queries";
import { useAttributeKeys, useAttributeValues } from "../api/tagQueries";
import { placeAt, suggestionsFor, tagOf, type FilterPlace, type Suggestion, type TagValue } from "../model/filterCompletion";

const SERVICE_KEYS = ["resource.service.name", ".service.name", "service.name", "rootServiceName", "trace:rootService"];

export function useFilterSuggestions(text: string, cursor: number, isWanted: boolean): { place: FilterPlace; suggestions: Suggestion[] } {
  const place = useMemo(() => placeAt(text, cursor), [text, cursor]);
  const ofServices = place.expected === "value" && place.key !== null && SERVICE_KEYS.includes(place.key);
  const keys = useAttributeKeys(isWanted).data;
  const values = useAttributeValues(isWanted && !ofServices ? tagOf(place) : null).data;
  const services = useServices(false).data;
  const suggestions = useMemo(() => {
    const named = (services ?? []).map((service): TagValue => ({ type: "string", value: service.name }));
    return suggestionsFor(place, keys ?? [], ofServices ? named : (values ?? []));
  }, [place, keys, values, services, ofServices]);
  return { place, suggestions };
}
