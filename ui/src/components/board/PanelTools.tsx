// Owns what can be done with one panel: alone on the page, in the explorer or SQL, and while editing changed, copied, removed.
import { panelTexts } from "../../api/boardQueries";
import { QUERY_LETTERS } from "../../model/explorerState";
import type { Panel } from "../../model/board";
import type { ChosenValues } from "../../model/boardVariables";
import type { Steps } from "../../model/promRange";
import { addressOf, METRICS_PATH, setParameters } from "../../router";
import { texts } from "../../texts";
import { Icon, type IconName } from "../Icon";
import { Link } from "../Link";
import { hasOutlook, usePanelOutlook } from "./usePanelOutlook";

interface PanelToolsProps {
  panel: Panel;
  steps: Steps;
  chosen: ChosenValues;
  range: string;
  isEditing: boolean;
  isAlone: boolean;
  onEdit: () => void;
  onCopy: () => void;
  onRemove: () => void;
}

export function PanelTools({ panel, steps, chosen, range, isEditing, isAlone, onEdit, onCopy, onRemove }: PanelToolsProps) {
  const say = texts.boards;
  const outlook = usePanelOutlook(panel);
  const sent = panelTexts(panel, chosen, steps);
  const promql = sent.flatMap((one) => (one.promql === null ? [] : [one.promql]));
  const sql = sent.find((one) => one.sql !== null)?.sql;
  return (
    <span className="panel-tools" role="group" aria-label={say.panelMenu(panel.title)}>
      {isEditing ? (
        <>
          <ToolButton icon="edit" name={say.editPanel} onClick={onEdit} />
          <ToolButton icon="copy" name={say.copyPanel} onClick={onCopy} />
          <ToolButton icon="bin" name={say.removePanel} onClick={onRemove} />
        </>
      ) : (
        <>
          {hasOutlook(panel) && <ToolButton icon="band" name={texts.explorer.anomalies} isPressed={outlook.isUnusual} onClick={() => outlook.toggle("unusual")} />}
          {hasOutlook(panel) && <ToolButton icon="forecast" name={texts.explorer.forecast} isPressed={outlook.isForecast} onClick={() => outlook.toggle("forecast")} />}
          {promql.length > 0 && <Link className="icon-button" title={say.explore} aria-label={say.explore} href={addressOf(METRICS_PATH, { range, ...Object.fromEntries(promql.slice(0, QUERY_LETTERS.length).map((text, place) => [QUERY_LETTERS[place], text])) })}><Icon name="find" size={13} /></Link>}
          {sql && <Link className="icon-button" title={say.openSql} aria-label={say.openSql} href={addressOf("/sql", { q: sql, run: "1" })}><Icon name="command" size={13} /></Link>}
          {!isAlone && <ToolButton icon="expand" name={say.fullPanel} onClick={() => setParameters({ panel: panel.id }, "push")} />}
        </>
      )}
    </span>
  );
}

function ToolButton({ icon, name, isPressed, onClick }: { icon: IconName; name: string; isPressed?: boolean; onClick: () => void }) {
  return <button type="button" className="icon-button" title={name} aria-label={name} aria-pressed={isPressed} onClick={onClick}><Icon name={icon} size={13} /></button>;
}
