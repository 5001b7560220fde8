// Owns one dashboard's page: loading it, saving it, saying why it cannot be shown.
import { removeBoard, saveBoard, saveNewBoard, useBoard, useForgetBoards } from "../api/boards";
import type { Board } from "../model/board";
import { ApiError } from "../api/client";
import { BoardView } from "../components/board/BoardView";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { LoadingNote } from "../components/LoadingNote";
import { useTitle } from "../components/useTitle";
import { addressOf, BOARDS_PATH, navigate } from "../router";
import { texts } from "../texts";
import "../styles/metrics.css";
import "../styles/explorer.css";
import "../styles/sql.css";
import "../styles/boards.css";

export default function BoardPage({ name }: { name: string }) {
  const loaded = useBoard(name);
  const forget = useForgetBoards();
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
  /** A file is changed in its repository: what is saved here is a copy. */
  const save = async (next: Board): Promise<void> => {
    if (file === undefined) {
      await saveBoard(name, next, etag);
      return forget();
    }
    const copy = await saveNewBoard(next);
    await forget();
    navigate(addressOf(`${BOARDS_PATH}/${encodeURIComponent(copy)}`));
  };
  return (
    <>
      {file !== undefined && <p className="muted small">{texts.boards.fileHint(file)}</p>}
      <BoardView
        name={name} board={board} isShipped={isShipped}
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
    </>
  );
}
