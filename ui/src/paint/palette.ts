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
  /** Written on the colours of services. */
  ink: string;
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
    ink: token("--ink"),
  };
}

export function paletteColour(palette: Palette, service: string): string {
  return palette.services[colourSlot(service)];
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
