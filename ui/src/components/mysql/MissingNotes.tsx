// Owns saying calmly what a server does not let be seen, each with the statement that mends it. Never an alarm: the rest
// is collected as usual.
import type { MysqlMissing } from "../../api/mysqlTypes";
import { mendingStatement, sentenceWithout } from "../../model/mysqlLight";
import { texts } from "../../texts";
import { CopyButton } from "../CopyButton";

const said = texts.mysqlPage.poller;

export function MissingNotes({ missing }: { missing: readonly MysqlMissing[] }) {
  if (missing.length === 0) return <p className="muted">{said.nothing}</p>;
  return (
    <>
      <p className="muted small">{said.calm}</p>
      <ul className="missing-notes">
        {missing.map((one) => <MissingNote key={`${one.what} ${one.name}`} missing={one} />)}
      </ul>
    </>
  );
}

function MissingNote({ missing }: { missing: MysqlMissing }) {
  const statement = mendingStatement(missing.text);
  const sentence = sentenceWithout(missing.text, statement);
  return (
    <li>
      <p><span className="mode-pill">{said[missing.what]}</span> <strong>{missing.name}</strong></p>
      <p className="muted">{said.sentence(sentence)}</p>
      {statement !== null && (
        <div className="snippet-line">
          <code>{statement}</code>
          <CopyButton text={statement} label={said.copy} />
        </div>
      )}
    </li>
  );
}
