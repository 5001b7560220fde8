// Owns the language of the page: the one that someone chose, otherwise the browser's where we speak it.
// Never holds a sentence: that is texts/.

export const LANGUAGES = ["en", "zh-CN"] as const;
export type Language = (typeof LANGUAGES)[number];
const KEY = "spanlake.locale";

/** `zh`, `zh-Hans` and `zh-SG` read Chinese as we have it; everyone else reads English. */
export function languageFor(chosen: string | null, preferred: readonly string[]): Language {
  const known = LANGUAGES.find((language) => language === chosen);
  if (known) return known;
  return preferred[0]?.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

/** Also outside a browser, where tests read the texts: that is English. */
export function readLanguage(): Language {
  try {
    return languageFor(localStorage.getItem(KEY), navigator.languages);
  } catch {
    return "en";
  }
}

export function switchLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Without storage the browser's own language stays.
  }
  window.location.reload();
}
