// Owns what is shown while no MySQL server is watched: how to name one, and what it must be granted. Texts to paste are
// model/mysqlSetup's.
import { useState } from "react";
import { grants, setupWays } from "../../model/mysqlSetup";
import { texts } from "../../texts";
import { CopyButton } from "../CopyButton";

const said = texts.mysqlPage.empty;

export function FleetEmpty() {
  const [chosen, setChosen] = useState("command");
  const ways = setupWays();
  const shown = ways.find((way) => way.key === chosen) ?? ways[0];
  return (
    <div className="empty-store mysql-empty">
      <div className="empty-head"><h1>{said.title}</h1></div>
      <p>{said.text}</p>
      <h2>{said.grants}</h2>
      <div className="snippet">
        <div className="snippet-head"><span className="muted">{said.grantsNote}</span><CopyButton text={grants()} caption={texts.common.copy} /></div>
        <pre className="mono" tabIndex={0}>{grants()}</pre>
      </div>
      <div className="tabs" role="tablist" aria-label={said.tabs}>
        {ways.map((way) => <button key={way.key} type="button" role="tab" aria-selected={way === shown} onClick={() => setChosen(way.key)}>{way.title}</button>)}
      </div>
      <div className="snippet" role="tabpanel" aria-label={shown.title}>
        <div className="snippet-head"><span className="muted">{shown.note}</span><CopyButton text={shown.text} caption={texts.common.copy} /></div>
        <pre className="mono" tabIndex={0}>{shown.text}</pre>
      </div>
      <p className="muted small">{said.passwordHint}</p>
    </div>
  );
}
