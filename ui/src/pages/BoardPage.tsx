// Owns one dashboard's page: loading it or a version of it, saving it, saying why it cannot be shown.
import { useState } from "react";
import { removeBoard, saveBoard, saveNewBoard, useBoard, useForgetBoards } from "../api/boards";
import type { Board } from "../model/board";
import { ApiError } from "../api/client";
import { BoardHistory } from "../components/board/BoardHistory";
import { BoardVersionView, NoSuchVersion } from "../components/board/BoardVersionView";
import { BoardView } from "../components/board/BoardView";
import { ErrorNote } from "../components/ErrorNote";
import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { LoadingNote } from "../components/LoadingNote";
import { useTitle } from "../components/useTitle";
import { isEmbedded } from "../embedded";
import { addressOf, BOARDS_PATH, navigate, useParameter } from "../router";
import { texts } from "../texts";
import "../styles/metrics.css";
import "../styles/explorer.css";
import "../styles/sql.css";
import "../styles/boards.css";

export default function BoardPage({ name }: { name: string }) {
  const loaded = useBoard(name);
  const forget = useForgetBoards();
  const [version] = useParameter("version");
  const [isHistory, setHistory] = useState(false);
  const [restored, setRestored] = useState<{ from: number; now: string } | null>(null);
  useTitle(loaded.data?.board.title ?? texts.boards.title);
  if (loaded.error) return <ErrorNote error={loaded.error} title={texts.boards.loadFailed} retry={() => void loaded.refetch()} />;
  if (loaded.isPending) return <LoadingNote />;
  if (!loaded.data) {
    return (
      <div className="nothing">
        <strong>{texts.boards.noSuch}</strong>
        <Link href={addressOf(BOARDS_PATH)}>{texts.boards.all}</Link>
      </div>
    );
  }
  const { board, etag, isShipped, file } = loaded.data;
  // Versions are the server's; those of a file are in its repository.
  const hasVersions = etag !== null && file === undefined;
  const onHistory = !hasVersions ? null : () => {
    setHistory(true);
    setRestored(null);
  };
  /** A file is changed in its repository: what is saved here is a copy. */
  const save = async (next: Board): Promise<void> => {
    if (file === undefined) {
      await saveBoard(name, next, etag);
      setRestored(null);
      return forget();
    }
    const copy = await saveNewBoard(next);
    await forget();
    navigate(addressOf(`${BOARDS_PATH}/${encodeURIComponent(copy)}`));
  };
  const history = isHistory && <BoardHistory name={name} title={board.title} shown={version} onClose={() => setHistory(false)} />;
  if (version !== null) {
    return (
      <>
        {hasVersions
          ? <BoardVersionView key={version} newest={loaded.data} version={version} onHistory={onHistory} onRestored={(from, now) => setRestored({ from, now })} />
          : <NoSuchVersion version={version} onHistory={null} />}
        {history}
      </>
    );
  }
  return (
    <>
      <BoardView
        name={name} board={board} isShipped={isShipped} onHistory={onHistory}
        note={restored ? <p className="board-note" role="status"><Icon name="check" size={13} />{texts.boardHistory.restored(restored.from, restored.now)}</p>
          : file !== undefined && !isEmbedded && <p className="board-note"><Icon name="log" size={13} />{texts.boards.fileHint(file)}</p>}
        onSave={async (next) => {
          try {
            await save(next);
            return null;
          } catch (error) {
            return error instanceof ApiError && error.status === 412 ? texts.boards.conflict : String((error as Error).message);
          }
        }}
        onRemove={isShipped || file !== undefined ? null : () => {
          if (!window.confirm(texts.boards.confirmRemove(board.title))) return;
          void removeBoard(name, etag).then(forget).then(() => navigate(addressOf(BOARDS_PATH)));
        }}
      />
      {history}
    </>
  );
}
