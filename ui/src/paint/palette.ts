// Owns turning the design tokens into colours that a canvas understands. Never defines one: styles/tokens.css does.
import { COLOUR_COUNT, colourSlot } from "../model/serviceColour";

export interface Palette {
  services: string[];
  error: string;
  text: string;
  faint: string;
  line: string;
  surface: string;
  accent: string;
  accentSoft: string;
  accentStrong: string;
  /** The ground of what was searched. */
  match: string;
  /** From one span to the most in a cell. */
  heatLow: string;
  heatHigh: string;
  /** Written on the colours of services. */
  ink: string;
  /** The text that is read first. */
  strong: string;
  critical: string;
  warn: string;
  errorSoft: string;
  sunken: string;
  /** The family of the page's texts. */
  font: string;
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim() || "#888";
  return {
    services: Array.from({ length: COLOUR_COUNT }, (_, slot) => token(`--service-${slot}`)),
    error: token("--error"),
    text: token("--text-2"),
    faint: token("--text-3"),
    line: token("--line"),
    surface: token("--surface"),
    accent: token("--accent"),
    accentSoft: token("--accent-soft"),
    accentStrong: token("--accent-strong"),
    match: token("--match"),
    heatLow: token("--heat-low"),
    heatHigh: token("--heat-high"),
    ink: token("--ink"),
    strong: token("--text"),
    critical: token("--critical"),
    warn: token("--warn"),
    errorSoft: token("--error-soft"),
    sunken: token("--sunken"),
    font: token("--font"),
  };
}

/** The colour of one custom property, such as `--service-3`. */
export function readToken(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
}

export function paletteColour(palette: Palette, service: string): string {
  return palette.services[colourSlot(service)];
}

/** Between two colours written as `#rrggbb`; anything else is taken as the first. */
export function mixColours(from: string, to: string, share: number): string {
  const [a, b] = [Number.parseInt(from.slice(1), 16), Number.parseInt(to.slice(1), 16)];
  if (from.length !== 7 || to.length !== 7 || Number.isNaN(a) || Number.isNaN(b)) return from;
  const part = (shift: number): number => {
    const [low, high] = [(a >> shift) & 255, (b >> shift) & 255];
    return Math.round(low + (high - low) * Math.min(Math.max(share, 0), 1));
  };
  return `#${((part(16) << 16) | (part(8) << 8) | part(0)).toString(16).padStart(6, "0")}`;
}

/** Makes a canvas as sharp as the screen and gives its context in CSS pixels. */
export function prepareCanvas(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== deviceWidth) canvas.width = deviceWidth;
  if (canvas.height !== deviceHeight) canvas.height = deviceHeight;
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
