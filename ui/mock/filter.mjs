// Owns the part of the filter languages that the mock understands: comparisons of one span joined by and, or, not and
// parentheses, and sets of spans in braces joined by && and ||. No structure, no arithmetic, no pipelines.
export class FilterError extends Error {
  constructor(message, column) {
    super(message);
    this.column = column;
  }
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(&&|\|\||!=|=~|!~|>=|<=|>>|[{}()=<>!,])|([^\s{}()=~!<>&|,"]+))/y;
const UNITS = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

function tokenise(text) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new FilterError("filter: unexpected character", from + 1 + text.slice(from).search(/\S/));
    const column = from + match[0].search(/\S/) + 1;
    if (match[1] !== undefined) tokens.push({ kind: "text", text: JSON.parse(match[1]), column });
    else tokens.push({ kind: match[2] === undefined ? "word" : "sign", text: match[2] ?? match[3], column });
  }
  tokens.push({ kind: "end", text: "the end", column: text.length + 1 });
  return tokens;
}

/** `{ trace, span }`: tests of all spans of a trace, and of one span; null for an empty filter. */
export function compileFilter(text) {
  const tokens = tokenise(text);
  let at = 0;
  const next = () => tokens[at];
  const is = (...words) => ["sign", "word"].includes(next().kind) && words.includes(next().text.toLowerCase());
  const take = (...words) => (is(...words) ? tokens[at++] : null);
  const expected = (what) => new FilterError(`filter: expected ${what}, found ${next().kind === "end" ? "the end" : `\`${next().text}\``}`, next().column);
  const close = (sign) => {
    if (!take(sign)) throw expected(`\`${sign}\``);
  };
  const joined = (part, words, join) => {
    let left = part();
    while (take(...words)) {
      const [a, b] = [left, part()];
      left = join(a, b);
    }
    return left;
  };
  const either = () => joined(both, ["or", "||"], (a, b) => (span) => a(span) || b(span));
  const both = () => joined(not, ["and", "&&"], (a, b) => (span) => a(span) && b(span));
  const not = () => {
    if (!take("not", "!")) return one();
    const inner = not();
    return (span) => !inner(span);
  };
  const one = () => {
    if (take("(")) {
      const inner = either();
      close(")");
      return inner;
    }
    if (next().kind === "text") {
      const wanted = tokens[at++].text.toLowerCase();
      return (span) => `${span.name} ${span.status.message}`.toLowerCase().includes(wanted);
    }
    if (next().kind !== "word") throw expected("a name");
    const name = tokens[at++].text;
    if (name === "exists") {
      close("(");
      const key = tokens[at++].text;
      close(")");
      return (span) => valueOf(span, key) !== undefined;
    }
    const sign = take("=", "!=", "=~", "!~", ">=", "<=", ">", "<");
    if (!sign) throw expected("a comparison");
    if (!["word", "text"].includes(next().kind)) throw expected("a value");
    const value = literal(tokens[at++]);
    return (span) => compares(valueOf(span, name), sign.text, value);
  };
  const spans = [];
  const set = () => {
    if (!take("{")) throw expected("`{`");
    const inner = is("}") ? () => true : either();
    close("}");
    spans.push(inner);
    return (all) => all.some(inner);
  };
  if (next().kind === "end") return null;
  if (tokens.some((token) => token.text === "{" && token.kind === "sign")) {
    const trace = joined(set, ["&&", "||", ">>", ">"], (a, b) => (all) => a(all) && b(all));
    if (next().kind !== "end") throw expected("the end");
    return { trace, span: (span) => spans.some((test) => test(span)) };
  }
  const span = either();
  if (next().kind !== "end") throw expected("`and` or `or`");
  return { trace: (all) => all.some(span), span };
}

function literal(token) {
  if (token.kind === "text") return token.text;
  const number = /^(-?[\d.]+)(ns|us|µs|ms|s|m|h)?$/.exec(token.text);
  if (number) return Number(number[1]) * (UNITS[number[2]] ?? 1);
  return token.text === "true" ? true : token.text === "false" ? false : token.text;
}

const INTRINSICS = { name: (span) => span.name, duration: (span) => Number(span.duration), status: (span) => span.status.code, statusMessage: (span) => span.status.message, kind: (span) => span.kind };

export function valueOf(span, name) {
  const plain = name.replace(/^span:/, "");
  if (INTRINSICS[plain]) return INTRINSICS[plain](span);
  const [, scope, key] = /^(?:(span|resource)?\.)?(.+)$/.exec(name);
  if (scope === "resource") return span.resource_attributes[key];
  return scope === "span" ? span.attributes[key] : (span.attributes[key] ?? span.resource_attributes[key]);
}

function compares(value, sign, wanted) {
  if (value === undefined || value === null || typeof value !== typeof wanted) return false;
  if (sign === "=~" || sign === "!~") return new RegExp(`^(?:${wanted})$`).test(value) === (sign === "=~");
  return { "=": value === wanted, "!=": value !== wanted, ">": value > wanted, "<": value < wanted, ">=": value >= wanted, "<=": value <= wanted }[sign];
}
