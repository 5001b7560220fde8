// Owns what is round a page inside another one: nothing but the banner when the server is gone and the token dialog.
// Never offers a way to other pages: links open a window of their own (router, Link).
import type { ReactNode } from "react";
import { ServerBanner } from "./ServerBanner";
import { TokenPrompt } from "./TokenPrompt";

export function EmbedShell({ children }: { children: ReactNode }) {
  return (
    <div className="shell" data-embedded>
      <ServerBanner />
      <main className="page">{children}</main>
      <TokenPrompt />
    </div>
  );
}
