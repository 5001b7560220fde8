// Owns keeping the search on screen under a name, going to a kept one, and forgetting one.
import { useState } from "react";
import { savedSearches, searchToKeep, storeSaved, suggestedName, withSaved } from "../model/savedSearches";
import { addressOf, useSearch } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";
import { Link } from "./Link";
import { Popover } from "./Popover";

export function SavedSearches() {
  return (
    <Popover icon="star" label={texts.explore.saved.title} className="saved-searches">
      {(close) => <SavedList onClose={close} />}
    </Popover>
  );
}

/** The address of a kept search: with those parameters that every page keeps. */
export function savedAddress(search: string): string {
  return addressOf("/", Object.fromEntries(new URLSearchParams(search)));
}

function SavedList({ onClose }: { onClose: () => void }) {
  const search = useSearch();
  const [list, setList] = useState(savedSearches);
  const [name, setName] = useState(() => suggestedName(search));
  const words = texts.explore.saved;
  const current = searchToKeep(search);
  return (
    <>
      <form
        className="save-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          setList(storeSaved(withSaved(list, { name, search: current })));
        }}
      >
        <input value={name} placeholder={words.name} aria-label={words.name} spellCheck={false} autoComplete="off" autoFocus onChange={(change) => setName(change.target.value)} />
        <button type="submit" className="button small-button" disabled={name.trim() === ""}>{words.save}</button>
      </form>
      {list.length === 0 && <p className="muted small">{words.none}</p>}
      <ul>
        {list.map((saved) => (
          <li key={saved.name}>
            <Link href={savedAddress(saved.search)} onClick={onClose} title={new URLSearchParams(saved.search).get("filter") ?? undefined}>{saved.name}</Link>
            {saved.search === current && <span className="faint small">{words.current}</span>}
            <button type="button" className="icon-button" title={words.remove(saved.name)} aria-label={words.remove(saved.name)} onClick={() => setList(storeSaved(list.filter((one) => one.name !== saved.name)))}>
              <Icon name="trash" size={13} />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
