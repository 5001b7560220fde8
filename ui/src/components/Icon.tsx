// Owns an icon as an element, in the text's colour. Never carries meaning alone: whoever uses one names it.
import { ICON_PATHS } from "../paint/iconPaths";

export type IconName = keyof typeof ICON_PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={ICON_PATHS[name]} />
    </svg>
  );
}
