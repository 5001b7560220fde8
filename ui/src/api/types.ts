// Owns the shapes of the native API as docs/api.md states them. Never holds logic.
import type { Attributes } from "../model/attributes";

export interface ServiceInTrace {
  name: string;
  spans: number;
  errors: number;
}

export interface TraceSummary {
  trace_id: string;
  root_service: string;
  root_name: string;
  start_time: string;
  duration: string;
  span_count: number;
  error_count: number;
  services: ServiceInTrace[];
}

export interface TraceList {
  traces: TraceSummary[];
  next_cursor: string | null;
  searched_back_to: string | null;
  files_read?: number;
  files_total?: number;
}

/** How far a search has come that tells what it finds as it goes. */
export interface SearchProgress {
  found: number;
  looked_at: number;
  searched_back_to: string | null;
  files_read: number;
  files_total: number;
}

/** What a count over many spans cost, and whether it is of all of them. */
export interface ExploreStats {
  elapsed_ms: number;
  files_read: number;
  files_total: number;
  exact: boolean;
  note?: string;
  /** Only some traces were looked at, and stand for all: which share of them. */
  sampled?: boolean;
  share?: number;
}

export interface FacetValue {
  value: string;
  spans: number;
  traces: number;
  errors: number;
  /** Ends of the 95 % interval of `spans`, where it is an estimate; an upper end that is not known is null. */
  interval?: [number, number | null];
}

export interface Facet {
  key: string;
  label: string;
  values: FacetValue[];
  other: { values: number; spans: number };
  /** How the key is written in the filter language. */
  filter: string;
}

export interface FacetsAnswer {
  spans: number;
  traces: number;
  errors: number;
  facets: Facet[];
  /** More keys that may be asked for. */
  keys: string[];
  stats: ExploreStats;
}

export interface HeatmapAnswer {
  start: string;
  step: string;
  columns: number;
  duration_edges: string[];
  /** Column, row, spans, errors; empty cells are left out. */
  cells: [number, number, number, number][];
  /** Beside cells, where spans were sampled out; null where a cell is known exactly. */
  intervals?: ([low: number, high: number | null] | null)[];
  over: string;
  stats: ExploreStats;
}

export interface ComparedAttribute {
  key: string;
  filter: string;
  /** 0 alike, 1 nothing in common. */
  score: number;
  values: { value: string; selected: number; rest: number }[];
  absent: { selected: number; rest: number };
}

export interface CompareAnswer {
  selected: number;
  rest: number;
  attributes: ComparedAttribute[];
  stats: ExploreStats;
}

export type MapKind = "service" | "database" | "messaging" | "external";

export interface MapFigures {
  requests: number;
  /** Ends of the 95 % interval of `requests`, where it is an estimate. */
  interval?: [number, number | null];
  errors: number;
  /** Nanoseconds. */
  p50: string;
  p95: string;
  /** Requests per second. */
  rate: number;
}

export interface MapNode extends MapFigures {
  id: string;
  name: string;
  kind: MapKind;
}

export interface MapEdge extends MapFigures {
  source: string;
  target: string;
  kind: "call" | "messaging" | "database" | "external";
}

export interface ServiceMapAnswer {
  nodes: MapNode[];
  edges: MapEdge[];
  start: string;
  end: string;
  stats: ExploreStats;
}

export interface SpanEvent {
  time: string;
  name: string;
  attributes: Attributes;
  dropped_attributes_count: number;
}

export interface SpanLink {
  trace_id: string;
  span_id: string;
  trace_state: string;
  flags: number;
  attributes: Attributes;
  dropped_attributes_count: number;
}

export interface Span {
  trace_id: string;
  span_id: string;
  parent_span_id: string | null;
  trace_state: string;
  flags: number;
  name: string;
  kind: string;
  start_time: string;
  end_time: string;
  duration: string;
  status: { code: string; message?: string };
  service_name: string;
  attributes: Attributes;
  resource_attributes: Attributes;
  scope_name: string;
  scope_version: string;
  scope_attributes: Attributes;
  events: SpanEvent[];
  links: SpanLink[];
  dropped_attributes_count: number;
  dropped_events_count: number;
  dropped_links_count: number;
  resource_schema_url?: string;
  scope_schema_url?: string;
  received_time?: string;
}

export interface LogRecord {
  time: string;
  observed_time?: string;
  severity_number: number;
  severity_text: string;
  event_name: string;
  body: unknown;
  trace_id: string;
  span_id: string;
  flags?: number;
  service_name: string;
  attributes: Attributes;
  resource_attributes?: Attributes;
  scope_name?: string;
  dropped_attributes_count?: number;
}

export interface TraceDetail {
  trace_id: string;
  spans: Span[];
  logs: LogRecord[];
}

export interface ServiceInfo {
  name: string;
  spans: number;
  errors: number;
  last_seen: string;
}

export interface OperationInfo {
  name: string;
  kind: string;
  spans: number;
  errors: number;
  p50: string;
  p95: string;
}

export interface MetricInfo {
  name: string;
  type: string;
  temporality: string | null;
  is_monotonic: boolean | null;
  unit: string;
  description: string;
  series: number;
  services: string[];
}

export interface ColdStatus {
  url: string;
  state: "starting" | "ready" | "failing" | "lost";
  message: string | null;
  /** RFC 3339. */
  since: string;
  files: number;
  bytes: number;
  rows: number;
  /** Bytes that should have left the hot tier already. */
  waiting_bytes: number;
}

export interface ServerStatus {
  version: string;
  uptime_seconds: number;
  ready: boolean;
  otlp_grpc: string;
  otlp_http: string;
  data_dir: string;
  accepted: { spans: number; logs: number; points: number };
  hot_bytes: number;
  log_bytes: number;
  hot_file_bytes: number;
  /** Null where there is no cold tier. */
  cold: ColdStatus | null;
  files: number;
  empty: boolean;
}
