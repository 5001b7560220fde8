// Owns the way from an embedded part to the whole page, in a window of its own.
import { wholeAddress } from "../model/embedding";
import { usePath, useSearch } from "../router";
import { texts } from "../texts";
import { Icon } from "./Icon";

export function OpenWhole({ className = "" }: { className?: string }) {
  const label = texts.embed.open;
  return (
    <a className={`icon-button open-whole ${className}`} href={wholeAddress(usePath(), useSearch())} target="_blank" rel="noopener" title={label} aria-label={label}>
      <Icon name="expand" size={14} />
    </a>
  );
}
