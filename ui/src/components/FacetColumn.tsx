// Owns the column that narrows the list by counts: what the server counts without being asked, what someone added, and
// adding more. On a phone it lies over the list. That it is open and what was added are in the address; what goes wrong
// here never keeps the list from being shown.
import { isNotOffered, useTraceFacets } from "../api/traceQueries";
import { readFacetKeys, writeFacetKeys } from "../model/facetKeys";
import type { TraceFilter } from "../model/traceFilter";
import { setParameters, useParameter } from "../router";
import { texts } from "../texts";
import { FacetGroup } from "./FacetGroup";
import { FacetKeyChoice } from "./FacetKeyChoice";
import { Icon } from "./Icon";
import { useNarrow } from "./useNarrow";

/** Open at first where there is room for it. */
export function useFacetsOpen(): [boolean, (isOpen: boolean) => void] {
  const [text] = useParameter("facets");
  const isNarrow = useNarrow();
  const isOpen = text === null ? !isNarrow : text === "on";
  return [isOpen, (next) => setParameters({ facets: next === !isNarrow ? null : next ? "on" : "off" })];
}

interface FacetColumnProps {
  filter: TraceFilter;
  live: boolean;
  /** The filter itself is refused: the field says so, and counts come back with the next one. */
  isRefused: boolean;
}

export function FacetColumn({ filter, live, isRefused }: FacetColumnProps) {
  const [isOpen, setIsOpen] = useFacetsOpen();
  const [keysText] = useParameter("keys");
  const added = readFacetKeys(keysText);
  const usual = useTraceFacets(filter, null, live, isOpen);
  const more = useTraceFacets(filter, added, live, isOpen);
  const words = texts.explore.facets;
  if (!isOpen || (isNotOffered(usual.error) && !isRefused && !usual.data)) return null;
  const addKey = (key: string): void => setParameters({ keys: writeFacetKeys([...added, key]) });
  const dropKey = (key: string): void => setParameters({ keys: writeFacetKeys(added.filter((one) => one !== key)) });
  const extra = added.length === 0 ? [] : (more.data?.facets ?? []).filter((facet) => added.includes(facet.key) && !usual.data?.facets.some((one) => one.key === facet.key));
  const offered = (usual.data?.keys ?? []).filter((key) => !added.includes(key));
  return (
    <aside className="facets" aria-label={words.title} data-stale={usual.isPlaceholderData || undefined}>
      <div className="facets-head">
        <h2>{words.title}</h2>
        <button type="button" className="icon-button" title={words.hide} aria-label={words.hide} onClick={() => setIsOpen(false)}>
          <Icon name="close" size={13} />
        </button>
      </div>
      <div className="facets-body">
        {usual.data && (
          <p className="facets-total muted small">
            {words.matching(usual.data.spans, usual.data.traces)}
            {usual.data.stats?.exact === false && <span className="warn-text" title={usual.data.stats.note}> ({texts.explore.approximate})</span>}
          </p>
        )}
        {usual.error && !usual.data && !isRefused && <p className="muted small">{words.failed}: {usual.error.message}</p>}
        {usual.isPending && !usual.error && <FacetsToCome />}
        {usual.data?.facets.map((facet) => (
          <FacetGroup key={facet.key} facet={facet} filter={filter} />
        ))}
        {extra.map((facet) => (
          <FacetGroup key={facet.key} facet={facet} filter={filter} onRemove={() => dropKey(facet.key)} />
        ))}
        {more.error && added.length > 0 && <p className="field-error small">{words.failed}: {more.error.message}</p>}
        {usual.data && offered.length > 0 && <FacetKeyChoice keys={offered} onChoose={addKey} />}
      </div>
    </aside>
  );
}

/** The room that the counts will take, so that nothing jumps; seen only when they take long. */
function FacetsToCome() {
  return (
    <div className="facets-to-come" aria-hidden="true">
      {Array.from({ length: 9 }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}
