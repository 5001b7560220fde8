// Owns showing that a question to the server failed, with what it said and a way to ask again.
import { ApiError } from "../api/client";
import { texts } from "../texts";
import { Icon } from "./Icon";

export function ErrorNote({ error, retry, title = texts.common.failed }: { error: unknown; retry?: () => void; title?: string }) {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ApiError ? error.hint : undefined;
  return (
    <div className="error-note" role="alert">
      <Icon name="error" />
      <div>
        <strong>{title}</strong>
        <p>{message}</p>
        {hint && <p className="muted">{hint}</p>}
      </div>
      {retry && (
        <button type="button" className="button" onClick={retry}>
          {texts.common.retry}
        </button>
      )}
    </div>
  );
}
