// Owns the one WebSocket of the page: open while somebody is subscribed and the page is in sight; after a break it comes
// back by itself and every subscription goes on where it was. Where the server has no such route, it says so and leaves
// asking to others. Never reads what changed: that is model/liveSeries.
import type { LiveChange } from "../model/liveSeries";
import { readToken } from "./token";

export type LiveState = "connecting" | "live" | "lost" | "unavailable";

export interface LiveSubscriber {
  /** What is asked, without its number; called at every connection. */
  message: () => Record<string, unknown>;
  onChange: (change: LiveChange) => void;
}

const ADDRESS = "/api/live";
/** What `readyState` says of a socket that is open. */
const OPEN = 1;
const PROTOCOL = "spanlake.live";
const TOKEN_PROTOCOL = "spanlake.token.";
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 5000;
/** So many failures without a connection before, and it is believed that there is none to be had. */
const TRIES_MOST = 2;
/** How long after the last subscription the connection stays: pages change. */
const IDLE_MS = 2000;

/** As a part of a protocol's name, which is all that a page may add to a WebSocket's headers. */
export function tokenProtocol(token: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(token));
  return TOKEN_PROTOCOL + btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export class LiveConnection {
  #socket: WebSocket | null = null;
  #subscribers = new Map<number, LiveSubscriber>();
  #listeners = new Set<() => void>();
  #state: LiveState = "connecting";
  #next = 1;
  #failures = 0;
  #wasOpen = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #offsetMs = 0;

  constructor(private readonly open: (protocols: string[]) => WebSocket) {}

  /** What the server's clock says now. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  state = (): LiveState => this.#state;

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Gives what ends the subscription. */
  subscribe(subscriber: LiveSubscriber): () => void {
    const id = this.#next++;
    this.#subscribers.set(id, subscriber);
    if (this.#socket?.readyState === OPEN) this.#ask(id, subscriber);
    else this.wake();
    return () => {
      this.#subscribers.delete(id);
      if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify({ op: "unsubscribe", id }));
      if (this.#subscribers.size === 0) setTimeout(() => this.#subscribers.size === 0 && this.sleep(), IDLE_MS);
    };
  }

  /** Connects where somebody waits for it. */
  wake(): void {
    if (this.#socket !== null || this.#subscribers.size === 0 || this.#timer !== null || this.#state === "unavailable") return;
    if (typeof document !== "undefined" && document.hidden) return;
    const token = readToken();
    const socket = this.open(token === null ? [PROTOCOL] : [PROTOCOL, tokenProtocol(token)]);
    this.#socket = socket;
    socket.onopen = () => {
      this.#failures = 0;
      this.#wasOpen = true;
      this.#set("live");
      for (const [id, subscriber] of this.#subscribers) this.#ask(id, subscriber);
    };
    socket.onmessage = (message) => this.#hear(String(message.data));
    socket.onclose = () => this.#lost(socket);
  }

  /** Ends the connection until it is woken; subscriptions stay. */
  sleep(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #ask(id: number, subscriber: LiveSubscriber): void {
    this.#socket?.send(JSON.stringify({ op: "subscribe", id, ...subscriber.message() }));
  }

  #hear(text: string): void {
    const said = JSON.parse(text) as { op: string; now?: number; changes?: LiveChange[]; id?: number; error?: string; errorType?: string };
    if (said.now !== undefined) {
      const offset = said.now - Date.now();
      // Two clocks of one machine differ by the way of the message only.
      this.#offsetMs = Math.abs(offset) < 1000 ? 0 : offset;
    }
    if (said.op === "error" && said.id !== undefined) this.#subscribers.get(said.id)?.onChange({ id: said.id, error: said.error, errorType: said.errorType });
    for (const change of said.changes ?? []) this.#subscribers.get(change.id)?.onChange(change);
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#failures++;
    this.#set(!this.#wasOpen && this.#failures >= TRIES_MOST ? "unavailable" : "lost");
    if (this.#state === "unavailable") return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.wake();
    }, Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), LONGEST_RETRY_MS));
  }

  #set(state: LiveState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

let connection: LiveConnection | null = null;

export function liveConnection(): LiveConnection {
  if (connection === null) {
    const made = new LiveConnection((protocols) => new WebSocket(`${window.location.origin.replace(/^http/, "ws")}${ADDRESS}`, protocols));
    connection = made;
    // Nobody watches a page that is out of sight.
    document.addEventListener("visibilitychange", () => (document.hidden ? made.sleep() : made.wake()));
  }
  return connection;
}
