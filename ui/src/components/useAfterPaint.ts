// Owns waiting until what was drawn first can be seen: what only adds to it is asked for then.
import { useEffect, useState } from "react";

/** A hidden page has no frames. */
const HIDDEN_MS = 200;

/** False until a frame was painted after the component came. */
export function useAfterPaint(): boolean {
  const [isPainted, setPainted] = useState(false);
  useEffect(() => {
    const done = (): void => setPainted(true);
    let task: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      clearTimeout(task);
      task = setTimeout(done);
    });
    task = setTimeout(done, HIDDEN_MS);
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(task);
    };
  }, []);
  return isPainted;
}
