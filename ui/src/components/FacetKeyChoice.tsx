// Owns adding an attribute to the column: a field that finds one by name.
import { useState } from "react";
import { findKeys } from "../model/facetKeys";
import { texts } from "../texts";
import { Icon } from "./Icon";

export function FacetKeyChoice({ keys, onChoose }: { keys: readonly string[]; onChoose: (key: string) => void }) {
  const [isOpen, setIsOpen] = useState(false);
  const [text, setText] = useState("");
  const words = texts.explore.facets;
  if (!isOpen) {
    return (
      <button type="button" className="text-button facet-add" onClick={() => setIsOpen(true)}>
        <Icon name="plus" size={12} />
        {words.moreKeys}
      </button>
    );
  }
  const found = findKeys(keys, text);
  const choose = (key: string): void => {
    setText("");
    setIsOpen(false);
    onChoose(key);
  };
  return (
    <div className="facet-choice">
      <input
        // The field comes where the button was that asked for it.
        autoFocus
        value={text}
        placeholder={words.find}
        aria-label={words.find}
        spellCheck={false}
        autoComplete="off"
        onChange={(change) => setText(change.target.value)}
        onKeyDown={(press) => {
          if (press.key === "Enter" && found[0]) choose(found[0]);
          if (press.key === "Escape") setIsOpen(false);
        }}
      />
      {found.length === 0 && <p className="faint small">{words.noKey}</p>}
      <ul>
        {found.map((key) => (
          <li key={key}>
            <button type="button" onClick={() => choose(key)}>{key}</button>
          </li>
        ))}
      </ul>
    </div>
  );
}
