// Owns taking a dashboard in: our own format or Grafana's, from a file or pasted, with a report of what was lost before it
// is kept.
import { useState } from "react";
import type { Board } from "../../model/board";
import { sizeProblem, takeBoard, type Taken } from "../../model/boardTaking";
import { texts } from "../../texts";
import { Dialog } from "../Dialog";
import { Icon } from "../Icon";

export function ImportDialog({ onClose, onImport }: { onClose: () => void; onImport: (board: Board) => void }) {
  const [text, setText] = useState("");
  const [taken, setTaken] = useState<Taken | string | null>(null);
  const say = texts.boards;
  const read = (given: string): void => setTaken(given.trim() === "" ? null : takeBoard(given));
  const open = (file: File | undefined): void => {
    if (!file) return;
    const tooLarge = sizeProblem(file.size);
    setTaken(tooLarge);
    if (tooLarge === null) void file.text().then((given) => {
      setText(given);
      read(given);
    });
  };
  return (
    <Dialog title={say.importTitle} onClose={onClose}>
      <div className="import-dialog">
        <p className="muted">{say.importHint}</p>
        <label className="field"><span>{say.chooseFile}</span>
          <input type="file" accept=".json,application/json" onChange={(change) => open(change.target.files?.[0])} />
        </label>
        <label className="field"><span>{say.pasteJson}</span><textarea className="mono" rows={8} spellCheck={false} value={text} onChange={(change) => {
          setText(change.target.value);
          read(change.target.value);
        }} /></label>
        {typeof taken === "string" && <p className="error-text" role="alert">{taken}</p>}
        {taken !== null && typeof taken !== "string" && (
          <div className="import-report" role="status">
            <p><Icon name="check" size={13} /> <strong>{taken.board.title}</strong> · {say.mapped(taken.board.panels.filter((panel) => panel.kind !== "row").length)}</p>
            {taken.report.length === 0 ? <p className="muted">{say.allMapped}</p> : (
              <>
                <p className="muted">{say.notMapped}</p>
                <ul>{taken.report.map((line) => <li key={line}>{line}</li>)}</ul>
              </>
            )}
          </div>
        )}
        <div className="editor-end">
          <button type="button" className="button" onClick={onClose}>{say.close}</button>
          <button type="button" className="button primary" disabled={taken === null || typeof taken === "string"} onClick={() => taken !== null && typeof taken !== "string" && onImport(taken.board)}>{say.importNow}</button>
        </div>
      </div>
    </Dialog>
  );
}
