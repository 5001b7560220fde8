// Owns links inside the page: real anchors (new tab, copy address) that change the address without a load.
import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { leavesFrame, navigate } from "../router";

export function Link({ href, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (leavesFrame(href)) return;
    event.preventDefault();
    navigate(href);
  };
  return <a href={href} onClick={follow} {...(leavesFrame(href) ? { target: "_blank", rel: "noopener" } : {})} {...rest} />;
}
