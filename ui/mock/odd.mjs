// Owns traces that are broken or huge in every way the page must survive.
import { randomFrom } from "./random.mjs";
import { finish } from "./shop.mjs";
import { makeLog, makeSpan } from "./spans.mjs";

const id = (text) => text.padStart(32, "0");
export const ODD = {
  huge: id("b16100000000000000000000000001"),
  cycle: id("c1c1e000000000000000000000000001"),
  noRoot: id("10500000000000000000000000001"),
  script: id("5c21b7000000000000000000000001"),
  deep: id("dee9000000000000000000000001"),
  skew: id("5e7d000000000000000000000001"),
  negative: id("4e9a71000000000000000000000001"),
  day: id("da7000000000000000000000000001"),
  wide: id("51de000000000000000000000001"),
  heavy: id("4ea77000000000000000000000001"),
};

export function oddTraces(now) {
  const random = randomFrom(99);
  const span = (traceId, fields) => makeSpan(random, { traceId, service: "odd", start: now, duration: 5e6, ...fields });
  const later = (ms) => now + BigInt(Math.round(ms * 1e6));
  const cycle = finish(ODD.cycle, [
    span(ODD.cycle, { spanId: "a1".repeat(8), parent: "a3".repeat(8), name: "first of three", duration: 30e6 }),
    span(ODD.cycle, { spanId: "a2".repeat(8), parent: "a1".repeat(8), name: "second of three", start: later(4), duration: 20e6 }),
    span(ODD.cycle, { spanId: "a3".repeat(8), parent: "a2".repeat(8), name: "third of three", start: later(8) }),
    span(ODD.cycle, { spanId: "b1".repeat(8), parent: "b1".repeat(8), name: "its own parent", start: later(12) }),
  ], []);
  const noRoot = finish(ODD.noRoot, [
    span(ODD.noRoot, { parent: "ee".repeat(8), name: "child of what never came", service: "cart", duration: 12e6 }),
    span(ODD.noRoot, { parent: "ee".repeat(8), name: "another child", service: "cart", start: later(3), error: "boom" }),
    span(ODD.noRoot, { parent: "ef".repeat(8), name: "from elsewhere", service: "payment", start: later(20) }),
    span(ODD.noRoot, { name: "a root of its own", service: "email", start: later(30) }),
  ], []);
  const evil = `<script>alert("x")</script><img src=x onerror=alert(1)>`;
  const scriptRoot = span(ODD.script, { name: evil, service: `"><script>alert(2)</script>`, duration: 40e6, attributes: { [`<b>${evil}</b>`]: evil, "__proto__x": "{{constructor}}", "very.long": "x".repeat(5000) } });
  const script = finish(ODD.script, [scriptRoot, span(ODD.script, { parent: scriptRoot.span_id, name: "", service: "", start: later(5) })], [makeLog(scriptRoot, 0.5, 17, evil)]);
  const negativeRoot = span(ODD.negative, { name: "clock went back", duration: 50e6 });
  const negative = finish(ODD.negative, [
    negativeRoot,
    span(ODD.negative, { parent: negativeRoot.span_id, name: "ends before it starts", start: later(20), duration: -7e6 }),
    span(ODD.negative, { parent: negativeRoot.span_id, spanId: "d1".repeat(8), name: "an id", start: later(22) }),
    span(ODD.negative, { parent: negativeRoot.span_id, spanId: "d1".repeat(8), name: "the same id again", start: later(26) }),
    span(ODD.negative, { parent: negativeRoot.span_id, name: "starts before its parent, ends after", start: later(-9), duration: 90e6 }),
  ], []);
  return [cycle, noRoot, script, negative, skewTrace(now), deepTrace(now), hugeTrace(now)];
}

/** Clocks that differ: one service is early, one ends long after its caller; a message taken later is as it should be. */
function skewTrace(now) {
  const random = randomFrom(11);
  const ms = (value) => BigInt(value * 1e6);
  const span = (service, name, kind, from, to, parent) => makeSpan(random, { traceId: ODD.skew, service, name, kind, start: now + ms(from), duration: (to - from) * 1e6, parent: parent?.span_id });
  const root = span("frontend", "POST /order", "server", 0, 120);
  const pay = span("frontend", "call payment", "client", 10, 60, root);
  const ship = span("frontend", "call shipping", "client", 62, 90, root);
  const tell = span("frontend", "publish order", "producer", 95, 97, root);
  const spans = [root, pay, ship, tell, span("payment", "charge early", "server", -2, 45, pay), span("shipping", "quote late", "server", 64, 150, ship), span("email", "order taken", "consumer", 180, 220, tell)];
  return finish(ODD.skew, spans, []);
}

function deepTrace(now) {
  const random = randomFrom(7);
  const spans = [];
  let parent = null;
  for (let depth = 0; depth < 5000; depth++) {
    const span = makeSpan(random, { traceId: ODD.deep, service: depth % 40 < 20 ? "frontend" : "catalog", name: `level ${depth}`, parent, start: now + BigInt(depth * 10_000), duration: (10_000 - depth) * 10_000 });
    spans.push(span);
    parent = span.span_id;
  }
  return finish(ODD.deep, spans, [makeLog(spans[1], 0.5, 9, "said at level 1")]);
}

function hugeTrace(now) {
  const random = randomFrom(3);
  const services = ["frontend", "checkout", "catalog", "cart", "payment", "shipping", "recommend", "ads"];
  const root = makeSpan(random, { traceId: ODD.huge, service: "batch", name: "nightly import", start: now, duration: 100_000e6, kind: "internal", events: [{ time: String(now + 50_000_000_000n), name: "half way", attributes: {}, dropped_attributes_count: 0 }] });
  const spans = [root];
  for (let batch = 0; batch < 100; batch++) {
    const batchSpan = makeSpan(random, { traceId: ODD.huge, service: "batch", name: `batch ${batch}`, parent: root.span_id, start: now + BigInt(batch * 1e9), duration: 990e6 });
    spans.push(batchSpan);
    for (let item = 0; item < 100; item++) {
      const service = random.pick(services);
      const start = BigInt(batchSpan.start_time) + BigInt(item * 9_500_000);
      const itemSpan = makeSpan(random, { traceId: ODD.huge, service, name: `import item ${item}`, parent: batchSpan.span_id, start, duration: random.between(4e6, 9.4e6), kind: "server", error: random.chance(0.002) && "bad item" });
      spans.push(itemSpan);
      for (let step = 0; step < 9; step++) {
        spans.push(makeSpan(random, { traceId: ODD.huge, service: step % 3 === 0 ? random.pick(services) : service, name: random.pick(["SELECT items", "INSERT items", "GET cache", "validate", "publish"]), parent: itemSpan.span_id, start: start + BigInt(Math.round(step * 4e5)), duration: random.between(5e4, 6e5), kind: "client" }));
      }
    }
  }
  return finish(ODD.huge, spans, []);
}

/** Made when a test asks for them: large, or from long ago. */
export const strangeTraces = (now) => [dayTrace(now), heavyTrace(now), wideTrace(now)];

/** A span of 24 hours beside one of a microsecond. */
function dayTrace(now) {
  const random = randomFrom(21);
  const start = now - 86_400_000_000_000n;
  const root = makeSpan(random, { traceId: ODD.day, service: "batch", name: "a whole day", start, duration: 86_400e9 });
  return finish(ODD.day, [root, makeSpan(random, { traceId: ODD.day, service: "batch", name: "a microsecond of it", parent: root.span_id, start: start + 43_200_000_000_000n, duration: 1000 })], []);
}

/** A megabyte in one attribute, and text from right to left that would turn what stands beside it. */
function heavyTrace(now) {
  const random = randomFrom(22);
  const root = makeSpan(random, { traceId: ODD.heavy, service: "\u05e9\u05d9\u05e8\u05d5\u05ea", name: "\u202eGET /\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd", start: now, duration: 5e6, attributes: { "a.megabyte": "m".repeat(1_048_576), "\u202edetrevni": "\u0627\u0644\u0639\u0631\u0628\u064a\u0629" } });
  return finish(ODD.heavy, [root], [makeLog(root, 0.5, 9, "\u202e\u0633\u062c\u0644 of the day")]);
}

/** 100,000 children of one parent. */
function wideTrace(now) {
  const random = randomFrom(23);
  const root = makeSpan(random, { traceId: ODD.wide, service: "batch", name: "fan out", start: now, duration: 10_000e6 });
  const spans = [root];
  for (let child = 0; child < 100_000; child++) spans.push(makeSpan(random, { traceId: ODD.wide, service: child % 2 === 0 ? "batch" : "cart", name: child % 1000 === 7 ? `odd one ${child}` : "work", parent: root.span_id, start: now + BigInt(child * 90_000), duration: 80_000 }));
  return finish(ODD.wide, spans, []);
}
