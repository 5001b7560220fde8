// Owns what a dashboard is: the types of its document and nothing else. Reading one is boardReading, docs/dashboards.md
// describes it for people.

import type { BoardAnnotation } from "./boardAnnotations";
import type { ColumnRule, ColumnSort } from "./boardColumns";
import type { ValueMapping } from "./boardMappings";
export const BOARD_VERSION = 1;
export const GRID_COLUMNS = 24;

export const PANEL_KINDS = ["timeseries", "stat", "gauge", "table", "bar", "heatmap", "histogram", "state", "logs", "traces", "map", "text", "row"] as const;
export type PanelKind = (typeof PANEL_KINDS)[number];
export const THRESHOLD_COLOURS = ["green", "yellow", "red"] as const;
export type ThresholdColour = (typeof THRESHOLD_COLOURS)[number];
export const REDUCTIONS = ["last", "mean", "most", "least", "sum"] as const;
export type Reduction = (typeof REDUCTIONS)[number];
export const VARIABLE_KINDS = ["label", "sql", "list", "text"] as const;

export interface Threshold {
  /** From this value on. */
  value: number;
  colour: ThresholdColour;
}

export interface PanelQuery {
  promql?: string;
  sql?: string;
  /** SQL with weights, asked in its place where sampling left spans out. */
  estimated?: string;
  /** One that makes series, such as `{ status = error } | rate() by (name)`. */
  traceql?: string;
  /** Names of the series, such as `{{http_route}}`. */
  legend?: string;
  /** Counts of a SQL step become counts a second. */
  perSecond?: boolean;
  /** Steps without rows of a SQL query are 0, not gaps. */
  zero?: boolean;
}

/** What a panel of traces asks for; its texts may hold variables. */
export interface TraceQuery {
  service?: string;
  operation?: string;
  status?: string;
  filter?: string;
  min_duration?: string;
  limit?: number;
}

/** Which part of the service map a panel shows; its text may hold variables. */
export interface MapQuery {
  /** This service with who calls it and what it calls; everything without. */
  service?: string;
}

export interface BoardLink {
  title: string;
  url: string;
}

export interface Place {
  /** In columns of 24 and rows of 30 pixels. */
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Panel extends Place {
  id: string;
  title: string;
  kind: PanelKind;
  description?: string;
  queries?: PanelQuery[];
  traces?: TraceQuery;
  map?: MapQuery;
  text?: string;
  unit?: string;
  thresholds?: Threshold[];
  drawing?: "lines" | "stacked" | "bars";
  legend?: "table" | "line" | "none";
  reduce?: Reduction;
  /** Of gauges. */
  min?: number;
  max?: number;
  links?: BoardLink[];
  /** Values that are written as words. */
  mappings?: ValueMapping[];
  /** A variable, once for each of whose values the panel is shown. */
  repeat?: string;
  /** Of tables. */
  columns?: ColumnRule[];
  sort?: ColumnSort;
}

export interface BoardVariable {
  name: string;
  title?: string;
  kind: (typeof VARIABLE_KINDS)[number];
  /** Of `label`: whose values, and on which series. */
  label?: string;
  metric?: string;
  /** Of `sql`: the first column is taken. */
  query?: string;
  /** Of `list`. */
  values?: string[];
  multi?: boolean;
  all?: boolean;
  default?: string[];
}

export interface Board {
  version: typeof BOARD_VERSION;
  title: string;
  description?: string;
  range?: string;
  /** Seconds between refreshes; none without. */
  refresh?: number;
  variables?: BoardVariable[];
  links?: BoardLink[];
  /** Moments that are marked in every chart over time. */
  annotations?: BoardAnnotation[];
  panels: Panel[];
  /** Of shipped boards: other languages' words for titles and texts. */
  translations?: Record<string, Record<string, string>>;
}

/** What a kind asks for besides its panel. */
export const ASKS_AT_ONCE: readonly PanelKind[] = ["table", "bar"];
/** Kinds whose classic buckets, told apart by `le`, are one histogram. */
export const OF_BUCKETS: readonly PanelKind[] = ["heatmap", "histogram"];
/** Kinds that ask by no query of their own. */
export const WITHOUT_QUERIES: readonly PanelKind[] = ["text", "row", "traces", "map"];

export function emptyBoard(title: string): Board {
  return { version: BOARD_VERSION, title, range: "1h", panels: [] };
}

export function newPanel(id: string, place: Place, title: string, kind: PanelKind = "timeseries"): Panel {
  return { id, title, kind, ...place, queries: WITHOUT_QUERIES.includes(kind) ? [] : [{ promql: "" }] };
}

export function freeId(panels: readonly Panel[]): string {
  for (let number = panels.length + 1; ; number++) if (panels.every((panel) => panel.id !== `p${number}`)) return `p${number}`;
}
