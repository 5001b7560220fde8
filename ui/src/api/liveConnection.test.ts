// Guarantees: one socket for all; after a break it comes back and asks for everything again; without the route it gives up
// and says so; the token goes where a WebSocket can carry it.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LiveConnection, tokenProtocol } from "./liveConnection";

class FakeSocket {
  readyState: number = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  close(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

let sockets: FakeSocket[];
let connection: LiveConnection;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  connection = new LiveConnection(() => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket as unknown as WebSocket;
  });
});
afterEach(() => {
  vi.useRealTimers();
});

it("has one socket for all, and none for nobody", () => {
  const heard: number[] = [];
  const one = connection.subscribe({ message: () => ({ kind: "instant", query: "a" }), onChange: (change) => heard.push(change.id) });
  const two = connection.subscribe({ message: () => ({ kind: "instant", query: "b" }), onChange: (change) => heard.push(change.id) });
  expect(sockets.length).toBe(1);
  sockets[0].open();
  expect(sockets[0].sent.map((message) => [message.op, message.id, message.query])).toEqual([["subscribe", 1, "a"], ["subscribe", 2, "b"]]);
  sockets[0].onmessage?.({ data: '{"op":"batch","now":0,"changes":[{"id":2},{"id":9}]}' });
  expect(heard).toEqual([2]);
  one();
  two();
  expect(sockets[0].sent.at(-1)).toEqual({ op: "unsubscribe", id: 2 });
  vi.advanceTimersByTime(5000);
  expect(sockets[0].readyState).toBe(3);
  vi.advanceTimersByTime(60_000);
  expect(sockets.length).toBe(1);
});

it("comes back after a break and goes on where each was", () => {
  let from = 0;
  connection.subscribe({ message: () => ({ kind: "range", from: from++ }), onChange: () => undefined });
  sockets[0].open();
  expect(connection.state()).toBe("live");
  sockets[0].close();
  expect(connection.state()).toBe("lost");
  vi.advanceTimersByTime(500);
  sockets[1].open();
  expect([connection.state(), sockets[1].sent[0].from]).toEqual(["live", 1]);
  for (let tries = 0; tries < 5; tries++) {
    sockets.at(-1)?.close();
    vi.advanceTimersByTime(6000);
  }
  expect([connection.state(), sockets.length]).toEqual(["lost", 7]);
});

it("gives up where there never was a connection", () => {
  connection.subscribe({ message: () => ({}), onChange: () => undefined });
  sockets[0].close();
  vi.advanceTimersByTime(500);
  sockets[1].close();
  vi.advanceTimersByTime(60_000);
  expect([connection.state(), sockets.length]).toEqual(["unavailable", 2]);
});

it("follows the server's clock where that is another", () => {
  connection.subscribe({ message: () => ({}), onChange: () => undefined });
  sockets[0].open();
  sockets[0].onmessage?.({ data: JSON.stringify({ op: "batch", now: Date.now() + 3_600_000 }) });
  expect(connection.now() - Date.now()).toBe(3_600_000);
});

it("writes a token as a part of a protocol's name", () => expect(tokenProtocol("s3cret?>ü")).toMatch(/^spanlake\.token\.[\w-]+$/));
