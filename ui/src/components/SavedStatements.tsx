// Owns keeping the statement in the editor under a name, running a kept one, and forgetting one.
import { useState } from "react";
import { readStatements, withStatement, type SavedStatement } from "../model/savedStatements";
import { texts } from "../texts";
import { Icon } from "./Icon";

const KEY = "spanlake.statements";

function stored(): SavedStatement[] {
  try {
    return readStatements(localStorage.getItem(KEY));
  } catch {
    return [];
  }
}

/** Answers what is kept now, which without storage is nothing. */
function store(list: readonly SavedStatement[]): SavedStatement[] {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // Without storage nothing is kept.
  }
  return stored();
}

export function SavedStatements({ statement, onUse }: { statement: () => string; onUse: (query: string) => void }) {
  const [list, setList] = useState(stored);
  const [name, setName] = useState("");
  const words = texts.sql.kept;
  return (
    <>
      <form
        className="save-statement"
        onSubmit={(submit) => {
          submit.preventDefault();
          setList(store(withStatement(list, { name, query: statement() })));
          setName("");
        }}
      >
        <input value={name} placeholder={words.name} aria-label={words.name} spellCheck={false} autoComplete="off" onChange={(change) => setName(change.target.value)} />
        <button type="submit" className="button small-button" disabled={name.trim() === ""}>{words.save}</button>
      </form>
      {list.length === 0 && <p className="muted small">{words.none}</p>}
      {list.map((saved) => (
        <div key={saved.name} className="kept-statement">
          <button type="button" className="statement" onClick={() => onUse(saved.query)}>
            <strong>{saved.name}</strong>
            <code>{saved.query}</code>
          </button>
          <button type="button" className="icon-button" title={words.remove(saved.name)} aria-label={words.remove(saved.name)} onClick={() => setList(store(list.filter((one) => one.name !== saved.name)))}>
            <Icon name="trash" size={13} />
          </button>
        </div>
      ))}
    </>
  );
}
