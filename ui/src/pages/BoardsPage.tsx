// Owns the list of dashboards: those that come along, one's own, making and importing one.
import { useState } from "react";
import { saveNewBoard, useBoardList, useForgetBoards, type BoardEntry } from "../api/boards";
import { ImportDialog } from "../components/board/ImportDialog";
import { ErrorNote } from "../components/ErrorNote";
import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { LoadingNote } from "../components/LoadingNote";
import { useTitle } from "../components/useTitle";
import { emptyBoard, type Board } from "../model/board";
import { addressOf, BOARDS_PATH, navigate } from "../router";
import { texts } from "../texts";
import "../styles/boards.css";

export default function BoardsPage() {
  useTitle(texts.boards.title);
  const list = useBoardList();
  const forget = useForgetBoards();
  const [isImporting, setImporting] = useState(false);
  const [failed, setFailed] = useState<Error | null>(null);
  const entries = list.data?.entries ?? [];
  const create = async (board: Board, isEditing: boolean): Promise<void> => {
    try {
      const name = await saveNewBoard(board);
      await forget();
      navigate(addressOf(`${BOARDS_PATH}/${encodeURIComponent(name)}`, { edit: isEditing ? "on" : null }));
    } catch (error) {
      setFailed(error as Error);
    }
  };
  const own = entries.filter((entry) => !entry.isShipped);
  return (
    <div className="boards-page">
      <header className="cards-head">
        <h1>{texts.boards.title}</h1>
        <span className="toolbar-gap" />
        <button type="button" className="button" onClick={() => setImporting(true)}>{texts.boards.import}</button>
        <button type="button" className="button primary" onClick={() => void create(emptyBoard(texts.boards.freshTitle), true)}><Icon name="plus" size={12} />{texts.boards.fresh}</button>
      </header>
      {failed && <ErrorNote error={failed} title={texts.boards.saveFailed} />}
      {list.error ? <ErrorNote error={list.error} retry={() => void list.refetch()} /> : !list.data ? <LoadingNote /> : (
        <>
          <h2>{texts.boards.own}</h2>
          <p className="muted small">{own.length === 0 ? texts.boards.none : list.data.isServer ? texts.boards.keptByServer : texts.boards.ownHint}</p>
          <BoardCards entries={own} />
          <h2>{texts.boards.shipped}</h2>
          <BoardCards entries={entries.filter((entry) => entry.isShipped)} />
        </>
      )}
      {isImporting && <ImportDialog onClose={() => setImporting(false)} onImport={(board) => void create(board, false)} />}
    </div>
  );
}

function BoardCards({ entries }: { entries: readonly BoardEntry[] }) {
  return (
    <ul className="board-cards">
      {entries.map((entry) => (
        <li key={entry.name}>
          <Link className="board-card" href={addressOf(`${BOARDS_PATH}/${encodeURIComponent(entry.name)}`)}>
            <strong><Icon name="board" size={14} /> {entry.title}</strong>
            <span className="muted small">{entry.description}</span>
            <span className="faint small">{texts.boards.panels(entry.panels)}{entry.file !== undefined && <span title={entry.file}> · {texts.boards.isFile}</span>}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
