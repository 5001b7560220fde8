// Owns the row over the chart: how it is drawn, what it is compared with, what it can be taken away as.
import { COMPARISONS, DRAWINGS, type Drawing } from "../../model/explorerState";
import { setParameters, useParameter } from "../../router";
import { texts } from "../../texts";
import { CopyButton } from "../CopyButton";
import { EmbedButton } from "../EmbedButton";
import { Icon } from "../Icon";

interface ExplorerToolsProps {
  drawing: Drawing;
  compare: string | null;
  hasExemplars: boolean;
  note: string;
  onCsv: () => void;
  onAddToBoard?: () => void;
}

export function useSwitch(name: string, isOnAtFirst: boolean): [boolean, () => void] {
  const [value] = useParameter(name);
  const isOn = value === null ? isOnAtFirst : value === "on";
  return [isOn, () => setParameters({ [name]: isOn === isOnAtFirst ? (isOn ? "off" : "on") : null })];
}

export function ExplorerTools({ drawing, compare, hasExemplars, note, onCsv, onAddToBoard }: ExplorerToolsProps) {
  const [isExemplars, switchExemplars] = useSwitch("exemplars", true);
  const [isUnusual, switchUnusual] = useSwitch("unusual", false);
  const [isForecast, switchForecast] = useSwitch("forecast", false);
  return (
    <div className="explorer-tools">
      <div className="segments" role="radiogroup" aria-label={texts.explorer.drawing}>
        {DRAWINGS.map((one) => (
          <button key={one} type="button" role="radio" aria-checked={drawing === one} onClick={() => setParameters({ draw: one === "lines" ? null : one })}>{texts.explorer.drawings[one]}</button>
        ))}
      </div>
      <label className="tool-choice">
        <select aria-label={texts.explorer.compare} value={compare ?? ""} onChange={(change) => setParameters({ compare: change.target.value })}>
          {["", ...Object.keys(COMPARISONS)].map((key) => <option key={key} value={key}>{texts.explorer.comparisons[key]}</option>)}
        </select>
      </label>
      {hasExemplars && <button type="button" className="button small-button" aria-pressed={isExemplars} title={texts.explorer.exemplarsHint} onClick={switchExemplars}>{texts.explorer.exemplars}</button>}
      <button type="button" className="button small-button" aria-pressed={isUnusual} title={texts.explorer.anomaliesHint} onClick={switchUnusual}>{texts.explorer.anomalies}</button>
      <button type="button" className="button small-button" aria-pressed={isForecast} title={texts.explorer.forecastHint} onClick={switchForecast}>{texts.explorer.forecast}</button>
      <span className="muted small explorer-note">{note}</span>
      <span className="toolbar-gap" />
      {onAddToBoard && <button type="button" className="button small-button" onClick={onAddToBoard}><Icon name="board" size={13} />{texts.explorer.toBoard}</button>}
      <button type="button" className="button small-button" onClick={onCsv}><Icon name="download" size={13} />{texts.explorer.csv}</button>
      <EmbedButton title={texts.explorer.chart} height={480} />
      <CopyButton text={window.location.href} label={texts.explorer.copyLink} />
    </div>
  );
}
