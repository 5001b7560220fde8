// Owns saying that something is loading, but only once it has taken 200 ms: CSS delays it, so nothing flickers.
import { texts } from "../texts";

export function LoadingNote({ text = texts.common.loading }: { text?: string }) {
  return (
    <div className="loading-note" role="status">
      <span className="spinner" aria-hidden="true" />
      {text}
    </div>
  );
}
