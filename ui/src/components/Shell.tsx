// Owns what is round every page: header, navigation, help and token dialogs.
// Never knows what a page shows.
import { useEffect, useRef, useState, type ReactNode } from "react";
import { addressOf, BOARDS_PATH, METRICS_PATH, MYSQL_PATH, navigate, setParameters, useParameter, usePath } from "../router";
import { switchTheme, useTheme } from "../theme";
import { texts } from "../texts";
import { CommandPalette } from "./CommandPalette";
import { Icon, type IconName } from "./Icon";
import { Link } from "./Link";
import { ServerBanner } from "./ServerBanner";
import { SettingsDialog } from "./SettingsDialog";
import { ShortcutHelp } from "./ShortcutHelp";
import { TokenPrompt } from "./TokenPrompt";
import { TraceIdBox } from "./TraceIdBox";
import { useNarrow } from "./useNarrow";
import { useShortcuts } from "./useShortcuts";

const PAGES = [
  { path: "/", text: texts.nav.traces, owns: (path: string) => path === "/" || /^\/(trace|compare|file)/.test(path) },
  { path: "/services", text: texts.nav.services, owns: (path: string) => path.startsWith("/services") },
  { path: "/map", text: texts.mapPage.nav, owns: (path: string) => path.startsWith("/map") },
  { path: "/logs", text: texts.nav.logs, owns: (path: string) => path.startsWith("/logs") },
  { path: METRICS_PATH, text: texts.nav.metrics, owns: (path: string) => path.startsWith("/metrics") },
  { path: BOARDS_PATH, text: texts.nav.boards, owns: (path: string) => path.startsWith(BOARDS_PATH) },
  { path: MYSQL_PATH, text: texts.nav.mysql, owns: (path: string) => path.startsWith(MYSQL_PATH) },
  { path: "/sql", text: texts.nav.sql, owns: (path: string) => path.startsWith("/sql") },
];

export function Shell({ children }: { children: ReactNode }) {
  const path = usePath();
  const theme = useTheme();
  const [internal] = useParameter("internal");
  const [opened, setOpened] = useState<"help" | "palette" | "settings" | null>(null);
  const close = (): void => setOpened(null);
  usePaletteKey(() => setOpened((now) => (now === null ? "palette" : now)));
  const nav = useRef<HTMLElement>(null);
  const isNarrow = useNarrow();
  // On a phone the page's own entry may lie outside.
  useEffect(() => {
    if (isNarrow) void nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [path, isNarrow]);
  const goTo = (page: string) => () => navigate(addressOf(page));
  useShortcuts({
    "?": () => setOpened("help"),
    "g t": goTo("/"),
    "g v": goTo("/services"),
    "g p": goTo("/map"),
    "g l": goTo("/logs"),
    "g m": goTo(METRICS_PATH),
    "g d": goTo(BOARDS_PATH),
    "g y": goTo(MYSQL_PATH),
    "g s": goTo("/sql"),
    "g a": goTo("/sampling"),
    i: () => document.getElementById("trace-id-box")?.focus(),
  });
  return (
    <div className="shell">
      <header className="header">
        <Link className="brand" href={addressOf("/")} aria-label={texts.product}>
          <img src="/favicon.svg" alt="" width="22" height="22" />
          <span>{texts.product}</span>
        </Link>
        <nav className="nav" aria-label={texts.nav.label} ref={nav}>
          {PAGES.map((page) => (
            <Link key={page.path} href={addressOf(page.path)} aria-current={page.owns(path) ? "page" : undefined}>
              {page.text}
            </Link>
          ))}
        </nav>
        <TraceIdBox />
        <div className="header-tools">
          <button
            type="button"
            className="button switch"
            data-short={texts.header.internalShort}
            title={texts.header.internalHint}
            aria-pressed={internal === "true"}
            onClick={() => setParameters({ internal: internal === "true" ? null : "true" })}
          >
            {texts.header.internal}
          </button>
          <button
            type="button"
            className="icon-button"
            title={theme === "dark" ? texts.header.themeToLight : texts.header.themeToDark}
            aria-label={theme === "dark" ? texts.header.themeToLight : texts.header.themeToDark}
            onClick={switchTheme}
          >
            <Icon name={theme === "dark" ? "sun" : "moon"} />
          </button>
          <HeaderButton icon="command" label={texts.header.palette} onClick={() => setOpened("palette")} />
          <HeaderButton icon="globe" label={texts.header.settings} onClick={() => setOpened("settings")} />
          <HeaderButton icon="help" label={texts.header.help} onClick={() => setOpened("help")} className="help-button" />
        </div>
      </header>
      <ServerBanner />
      <main className="page">{children}</main>
      {opened === "help" && <ShortcutHelp onClose={close} />}
      {opened === "settings" && <SettingsDialog onClose={close} />}
      {opened === "palette" && <CommandPalette onClose={close} />}
      <TokenPrompt />
    </div>
  );
}

function HeaderButton({ icon, label, onClick, className = "" }: { icon: IconName; label: string; onClick: () => void; className?: string }) {
  return (
    <button type="button" className={`icon-button ${className}`} title={label} aria-label={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** Ctrl or ⌘ with K, also while typing; not where another dialog waits for an answer. */
function usePaletteKey(open: () => void): void {
  const current = useRef(open);
  useEffect(() => {
    current.current = open;
  });
  useEffect(() => {
    const onKeyDown = (press: KeyboardEvent): void => {
      if (!(press.ctrlKey || press.metaKey) || press.altKey || press.shiftKey || press.key.toLowerCase() !== "k") return;
      press.preventDefault();
      if (document.querySelector("dialog[open]") === null) current.current();
    };
    // Before the editor, which knows the same key.
    window.addEventListener("keydown", onKeyDown, true);
    return () => window.removeEventListener("keydown", onKeyDown, true);
  }, []);
}
