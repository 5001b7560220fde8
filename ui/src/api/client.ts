// Owns talking to the server: addresses, the token, and one kind of error for everything that can go wrong.
// Never caches (that is the query client) and never shows anything.
import { readMistake } from "../model/promMistake";
import { forgetToken, readToken, requestToken } from "./token";

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly hint?: string,
    readonly line?: number,
    readonly column?: number,
  ) {
    super(message);
  }

  /** Nothing answered at all: the server is down, or the network is. */
  get isUnreachable(): boolean {
    return this.code === "unreachable";
  }
}

export type Parameters = Record<string, string | number | boolean | null | undefined>;

export function apiAddress(path: string, parameters: Parameters = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "" && value !== false) search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

async function send(address: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = readToken();
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(address, { ...init, headers });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError("unreachable", "the server does not answer", 0);
  }
  if (response.ok) return response;
  const error = await readError(response);
  if (response.status === 401) {
    forgetToken(token);
    requestToken();
  }
  throw error;
}

async function readError(response: Response): Promise<ApiError> {
  const fallback = response.status >= 502 && response.status <= 504 ? "unreachable" : "http_error";
  try {
    const body: unknown = await response.json();
    const given = (body as { error?: unknown }).error;
    // Prometheus's API says it in plain words, with the place in front of them.
    if (typeof given === "string") return prometheusError(given, String((body as { errorType?: unknown }).errorType), response.status);
    return saidError(given, response.status, fallback);
  } catch {
    return new ApiError(fallback, `HTTP ${response.status}`, response.status);
  }
}

/** The `error` of a body or of a line of one; a line comes after the status was sent, so that its own says nothing. */
export function saidError(given: unknown, status: number, fallback = "http_error"): ApiError {
  const error = (given ?? {}) as Record<string, unknown>;
  const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
  return new ApiError(
    typeof error.code === "string" ? error.code : fallback,
    typeof error.message === "string" ? error.message : `HTTP ${status}`,
    status,
    typeof error.hint === "string" ? error.hint : undefined,
    number(error.line),
    number(error.column),
  );
}

function prometheusError(text: string, code: string, status: number): ApiError {
  const { message, line, column } = readMistake(text);
  return new ApiError(code, message, status, undefined, line ?? undefined, column ?? undefined);
}

export async function getJson<T>(path: string, parameters?: Parameters, signal?: AbortSignal): Promise<T> {
  const response = await send(apiAddress(path, parameters), { signal, headers: { Accept: "application/json" } });
  return (await response.json()) as T;
}

export async function getBytes(path: string, parameters?: Parameters, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await send(apiAddress(path, parameters), { signal });
  return new Uint8Array(await response.arrayBuffer());
}

/** The bytes as they arrive. */
export async function* getPieces(path: string, parameters?: Parameters, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* piecesOf(await send(apiAddress(path, parameters), { signal }));
}

/** What arrives of an answer. A connection that breaks off in the middle is an error like any other. */
export async function* piecesOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  try {
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) yield piece.value;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError("unreachable", "the answer broke off", 0);
  }
}

export async function postJson(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return send(path, { method: "POST", body: JSON.stringify(body), signal, headers: { "Content-Type": "application/json" } });
}

/** As a form, which Prometheus's routes take where a query may be too long for an address. */
export async function postForm<T>(path: string, form: Record<string, string>, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { method: "POST", body: new URLSearchParams(form), signal });
  return (await response.json()) as T;
}

/** Any other method with a JSON body, and the conditions of the request; the response itself, for its headers. */
export async function sendJson(path: string, method: "PUT" | "DELETE", body: string | undefined, headers: Record<string, string> = {}): Promise<Response> {
  return send(path, { method, body, headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers } });
}

/** The response itself, for its headers, or to be read while it arrives. */
export async function getResponse(path: string, signal?: AbortSignal, accept = "application/json"): Promise<Response> {
  return send(path, { signal, headers: { Accept: accept } });
}
