// Owns where the words of a search inside a trace begin and end: `"two words"`, `-"not these"`, `key="a b"` are one each.

export function splitWords(text: string): string[] {
  return [...text.matchAll(/-?[\p{L}\w.:/@-]*[=<>]{0,2}"[^"]*"|\S+/gu)].map((match) => match[0]).filter((word) => word !== "-");
}
