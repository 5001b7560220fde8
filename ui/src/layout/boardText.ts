// Owns reading the small Markdown of text panels: headings, lists, paragraphs, `code`, bold, links. What it does not know
// stays as it is written; nothing of it is ever HTML. Pure.

export type Inline = { kind: "text" | "code" | "bold"; text: string } | { kind: "link"; text: string; url: string };
export type Block = { kind: "heading"; level: number; parts: Inline[] } | { kind: "paragraph"; parts: Inline[] } | { kind: "list"; items: Inline[][] } | { kind: "code"; text: string };

export function readInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^()\s]+)\)/g)) {
    if (match.index > from) parts.push({ kind: "text", text: text.slice(from, match.index) });
    if (match[1] !== undefined) parts.push({ kind: "code", text: match[1] });
    else if (match[2] !== undefined) parts.push({ kind: "bold", text: match[2] });
    else parts.push({ kind: "link", text: match[3], url: match[4] });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from) });
  return parts;
}

export function readText(text: string): Block[] {
  const blocks: Block[] = [];
  let isAfterBlank = true;
  let fenced: string[] | null = null;
  for (const line of text.split("\n")) {
    if (/^```/.test(line)) {
      if (fenced) blocks.push({ kind: "code", text: fenced.join("\n") });
      fenced = fenced ? null : [];
      continue;
    }
    if (fenced) {
      fenced.push(line);
      continue;
    }
    const heading = /^(#{1,3}) +(.*)$/.exec(line);
    const item = /^[-*] +(.*)$/.exec(line);
    const last = blocks.at(-1);
    if (heading) blocks.push({ kind: "heading", level: heading[1].length, parts: readInline(heading[2]) });
    else if (item && last?.kind === "list" && !isAfterBlank) last.items.push(readInline(item[1]));
    else if (item) blocks.push({ kind: "list", items: [readInline(item[1])] });
    else if (line.trim() !== "" && last?.kind === "paragraph" && !isAfterBlank) last.parts.push({ kind: "text", text: " " }, ...readInline(line.trim()));
    else if (line.trim() !== "") blocks.push({ kind: "paragraph", parts: readInline(line.trim()) });
    isAfterBlank = line.trim() === "";
  }
  if (fenced) blocks.push({ kind: "code", text: fenced.join("\n") });
  return blocks;
}
