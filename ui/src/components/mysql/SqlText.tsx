// Owns showing a statement: coloured pieces, in one line or broken at its clauses. The copy is always the original.
import { memo, useMemo } from "react";
import { sqlLine, sqlPieces } from "../../model/sqlPretty";

const LINE_LONGEST = 400;

export const SqlText = memo(function SqlText({ text, isBroken = false }: { text: string; isBroken?: boolean }) {
  const pieces = useMemo(() => sqlPieces(isBroken ? text : text.slice(0, LINE_LONGEST), isBroken), [text, isBroken]);
  const content = pieces.map((piece, place) => (piece.kind === "mark" ? piece.text : <span key={place} data-sql={piece.kind}>{isBroken ? piece.text : piece.text.replace(/\s+/g, " ")}</span>));
  return isBroken ? <pre className="sql-text">{content}</pre> : <code className="sql-line" title={sqlLine(text)}>{content}</code>;
});
