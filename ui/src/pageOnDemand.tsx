// Owns pages whose code comes when it is needed, or before. One that is there is drawn at once; of one that is not React's own way
// (`lazy`) shows what stands in for it for 300 ms at least. Never decides which page is shown.
import { useEffect, useState, type ComponentType } from "react";
import { LoadingNote } from "./components/LoadingNote";

export interface PageOnDemand<Props> {
  Page: ComponentType<Props>;
  /** Asks for its code, once. */
  load: () => Promise<void>;
}

export function pageOnDemand<Props extends object>(ask: () => Promise<{ default: ComponentType<Props> }>): PageOnDemand<Props> {
  let There: ComponentType<Props> | null = null;
  let coming: Promise<void> | null = null;
  const load = (): Promise<void> => {
    coming ??= ask().then(
      (module) => void (There = module.default),
      (error: unknown) => {
        // Who asks again may find the server there.
        coming = null;
        throw error;
      },
    );
    return coming;
  };
  function Page(props: Props) {
    const [failure, setFailure] = useState<{ error: unknown } | null>(null);
    const [isThere, setThere] = useState(There !== null);
    useEffect(() => {
      let isWanted = !isThere;
      load().then(
        () => isWanted && setThere(true),
        (error: unknown) => isWanted && setFailure({ error }),
      );
      return () => {
        isWanted = false;
      };
    }, [isThere]);
    // The boundary round the page says it.
    if (failure) throw failure.error;
    return There === null ? <LoadingNote /> : <There {...props} />;
  }
  return { Page, load };
}
