// Owns reading where in a query a Prometheus error stands. Never words one.

export interface QueryMistake {
  message: string;
  line: number | null;
  column: number | null;
}

/** `invalid parameter "query": 1:8: parse error: unexpected …` taken apart. */
export function readMistake(message: string): QueryMistake {
  const match = /^(?:invalid parameter "query": )?(\d+):(\d+): (?:parse error: )?(.*)$/s.exec(message);
  if (!match) return { message: message.replace(/^invalid parameter "query": /, ""), line: null, column: null };
  return { message: match[3], line: Number(match[1]), column: Number(match[2]) };
}
