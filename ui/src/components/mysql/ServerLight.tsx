// Owns the light of a server: a colour, a shape and a word, so that it does not hang on the colour alone.
import type { ShownLight } from "../../model/mysqlLight";
import { texts } from "../../texts";

export function ServerLight({ light, isLarge = false }: { light: ShownLight; isLarge?: boolean }) {
  const word = texts.mysqlPage.lights[light];
  const size = isLarge ? 16 : 12;
  return (
    <svg className="server-light" data-light={light} width={size} height={size} viewBox="0 0 12 12" role="img" aria-label={word}>
      <title>{word}</title>
      {light === "yellow" ? <path d="M6 .8L11.6 11H.4z" /> : light === "red" ? <path d="M3.7.5h4.600L11.500 3.700v4.600L8.300 11.500H3.700L.5 8.300V3.700z" /> : <circle cx="6" cy="6" r={light === "unknown" ? 4 : 5} />}
    </svg>
  );
}
