// Owns choosing the language and the time zone. What they change is owned by language and model/timeZone.
import { useSyncExternalStore } from "react";
import { LANGUAGES, readLanguage, switchLanguage, type Language } from "../language";
import { chooseZone, currentZone, subscribeToZone, type Zone } from "../model/timeZone";
import { texts } from "../texts";
import { Dialog } from "./Dialog";

/** Each in its own words, for whoever cannot read the other. */
const LANGUAGE_NAMES: Record<Language, string> = { en: "English", "zh-CN": "简体中文" };

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const zone = useSyncExternalStore(subscribeToZone, currentZone);
  const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Dialog title={texts.settings.title} onClose={onClose}>
      <div className="settings">
        <label className="field">
          <span>{texts.settings.language}</span>
          <select value={readLanguage()} onChange={(change) => switchLanguage(change.target.value as Language)}>
            {LANGUAGES.map((language) => (
              <option key={language} value={language} lang={language}>{LANGUAGE_NAMES[language]}</option>
            ))}
          </select>
          <span className="muted small">{texts.settings.languageNote}</span>
        </label>
        <label className="field">
          <span>{texts.settings.zone}</span>
          <select value={zone} onChange={(change) => chooseZone(change.target.value as Zone)}>
            <option value="local">{texts.settings.localNamed(ownZone)}</option>
            <option value="utc">{texts.settings.utc}</option>
          </select>
        </label>
      </div>
    </Dialog>
  );
}
