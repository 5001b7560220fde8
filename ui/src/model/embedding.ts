// Owns the page inside another one: reading `embed=1` and `theme=` from the address, the address to embed, and the line of
// HTML that does it. Never knows what is embedded.

export interface Embedding {
  isEmbedded: boolean;
  /** As the page round it wants; null leaves it to the reader's own choice. */
  theme: "light" | "dark" | null;
}

export function readEmbedding(search: string): Embedding {
  const parameters = new URLSearchParams(search);
  const isEmbedded = parameters.get("embed") === "1";
  const theme = parameters.get("theme");
  return { isEmbedded, theme: isEmbedded && (theme === "light" || theme === "dark") ? theme : null };
}

/** The same page by itself, where everything round it is there. */
export function wholeAddress(path: string, search: string): string {
  const parameters = new URLSearchParams(search);
  parameters.delete("embed");
  parameters.delete("theme");
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** What an iframe asks for: what is seen now, with its range and its filters, but nothing that edits. */
export function embedAddress(address: string): string {
  const url = new URL(address);
  for (const name of ["edit", "kiosk", "theme"]) url.searchParams.delete(name);
  url.searchParams.set("embed", "1");
  return url.href;
}

const inAttribute = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export function embedCode(address: string, title: string, height: number): string {
  return `<iframe src="${inAttribute(embedAddress(address))}" title="${inAttribute(title)}" width="100%" height="${height}" style="border:0" loading="lazy"></iframe>`;
}
