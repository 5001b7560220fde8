// Owns the few words beside a span's duration that its conventional attributes give: the answer's code, the database, the
// model. Which attributes are asked, and how they are read. Never asks and never draws.
import { sqlText } from "./attributes";

export interface SpanPill {
  text: string;
  isBad: boolean;
}

/** Columns of the table of spans, the newer name of an attribute before the older one. */
const COLUMNS = [
  "coalesce(http_request_method, http_method)",
  "coalesce(http_response_status_code, http_status_code)",
  "rpc_system",
  "rpc_grpc_status_code",
  "coalesce(db_system_name, db_system)",
  "messaging_system",
  "gen_ai_request_model",
];

/** Of larger traces none are shown: reading these for all spans would cost more than they say. */
export const PILL_SPANS_MAX = 10_000;

export function pillStatement(traceId: string): string {
  return `select span_id, name, ${COLUMNS.join(", ")}\nfrom spans\nwhere trace_id = ${sqlText(traceId)}\n  and (${COLUMNS.map((column) => `${column} is not null`).join(" or ")})\nlimit ${PILL_SPANS_MAX}`;
}

/** Of one row of that statement. */
export function readPill([, name, method, status, rpc, grpcStatus, database, messaging, model]: readonly unknown[]): SpanPill | null {
  const code = status === null || status === undefined ? null : Number(status);
  if (code !== null && Number.isFinite(code)) return { text: [isNamed(name, method) ? "" : text(method), String(code)].filter(Boolean).join(" "), isBad: code >= 400 };
  // Nought is no failure, and says no more than the name of the protocol.
  if (Number(grpcStatus ?? 0) !== 0) return { text: `gRPC ${Number(grpcStatus)}`, isBad: true };
  const plain = text(model) || text(database) || text(messaging) || (text(rpc) === "grpc" ? "gRPC" : text(rpc)) || (isNamed(name, method) ? "" : text(method));
  return plain === "" ? null : { text: plain.length > 24 ? `${plain.slice(0, 23)}…` : plain, isBad: false };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The operation's name mostly begins with the method already. */
const isNamed = (name: unknown, method: unknown): boolean => text(method) !== "" && text(name).toUpperCase().startsWith(text(method).toUpperCase());
