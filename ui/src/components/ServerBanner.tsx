// Owns the line over every page when something is wrong with the server itself: gone, not ready, its cold tier in trouble.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { ApiError } from "../api/client";
import { useStatus } from "../api/queries";
import { coldNotice } from "../model/coldNotice";
import { texts } from "../texts";

/** Says when the server is gone; once it is back, asks everything on screen again. */
export function ServerBanner() {
  const status = useStatus();
  const queryClient = useQueryClient();
  const gone = status.error instanceof ApiError && status.error.isUnreachable;
  const wasGone = useRef(false);
  useEffect(() => {
    if (gone) wasGone.current = true;
    else if (wasGone.current && status.isSuccess) {
      wasGone.current = false;
      void queryClient.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "status" });
    }
  }, [gone, status.isSuccess, queryClient]);
  if (gone) {
    return (
      <div className="server-banner" role="alert" data-testid="server-gone">
        <span className="spinner" aria-hidden="true" />
        {texts.server.gone}
      </div>
    );
  }
  if (status.data && !status.data.ready) return <div className="server-banner" role="status">{texts.server.notReady}</div>;
  const cold = coldNotice(status.data?.cold);
  if (cold) {
    return (
      <div className="server-banner" role="status" data-testid="cold-notice">
        <details>
          <summary>{cold.sentence}</summary>
          <p>{cold.detail}</p>
        </details>
      </div>
    );
  }
  return null;
}
