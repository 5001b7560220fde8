// Owns copying a text and saying that it worked. Falls back where the clipboard API is missing (plain http).
import { useEffect, useState } from "react";
import { texts } from "../texts";
import { Icon, type IconName } from "./Icon";

export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "offscreen";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

interface CopyButtonProps {
  text: string;
  label?: string;
  /** Written beside the icon. */
  caption?: string;
  icon?: IconName;
}

export function CopyButton({ text, label = texts.common.copy, caption, icon = "copy" }: CopyButtonProps) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1400);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      type="button"
      className={caption ? "button copy-button" : "icon-button copy-button"}
      title={done ? texts.common.copied : label}
      aria-label={caption ? undefined : done ? texts.common.copied : label}
      data-done={done || undefined}
      onClick={(click) => {
        click.stopPropagation();
        copyText(text).then(() => setDone(true), () => setDone(false));
      }}
    >
      <Icon name={done ? "check" : icon} size={14} />
      {caption && <span>{done ? texts.common.copied : caption}</span>}
    </button>
  );
}
