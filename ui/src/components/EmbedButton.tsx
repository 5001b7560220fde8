// Owns copying the line of HTML that shows what is on screen inside another page.
import { useSearch } from "../router";
import { embedCode } from "../model/embedding";
import { texts } from "../texts";
import { CopyButton } from "./CopyButton";

export function EmbedButton({ title, height }: { title: string; height: number }) {
  // What is seen is in the address, which may have changed without this being told.
  useSearch();
  return <CopyButton text={embedCode(window.location.href, title, height)} label={texts.embed.copy} icon="embed" />;
}
