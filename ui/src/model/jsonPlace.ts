// Owns finding where a text stops being JSON, which not every browser says. Never reads values.

/** Offset of the first character that cannot stand there; null where the text is JSON after all. */
export function jsonMistake(text: string): number | null {
  const token = /\s*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([[\]{},:]))/y;
  /** What is open, and what may come next in it. */
  const open: ("[" | "{")[] = [];
  let wanted: "value" | "valueOrEnd" | "key" | "keyOrEnd" | "colon" | "next" | "end" = "value";
  const after = (): typeof wanted => (open.length === 0 ? "end" : "next");
  for (let at = 0; ; ) {
    const blanks = /\s*/y;
    blanks.lastIndex = at;
    const from = at + (blanks.exec(text)?.[0].length ?? 0);
    if (from === text.length) return wanted === "end" ? null : from;
    token.lastIndex = at;
    const match = token.exec(text);
    if (!match) return from;
    const [, string, scalar, sign] = match;
    const inside = open.at(-1);
    if (wanted === "value" || wanted === "valueOrEnd") {
      if (sign === "[" || sign === "{") {
        open.push(sign);
        wanted = sign === "[" ? "valueOrEnd" : "keyOrEnd";
      } else if (string !== undefined || scalar !== undefined) wanted = after();
      else if (sign === "]" && wanted === "valueOrEnd") {
        open.pop();
        wanted = after();
      } else return from;
    } else if (wanted === "key" || wanted === "keyOrEnd") {
      if (string !== undefined) wanted = "colon";
      else if (sign === "}" && wanted === "keyOrEnd") {
        open.pop();
        wanted = after();
      } else return from;
    } else if (wanted === "colon") {
      if (sign !== ":") return from;
      wanted = "value";
    } else if (wanted === "next") {
      if (sign === ",") wanted = inside === "[" ? "value" : "key";
      else if (sign === (inside === "[" ? "]" : "}")) {
        open.pop();
        wanted = after();
      } else return from;
    } else return from;
    at = token.lastIndex;
  }
}
