// Owns a trace on its way from the server: read while it arrives, and its first spans shown before the last are there.
// Gives way to the page between two pieces, so that a million spans do not hold it up. Never caches.
import { learnServices } from "../model/serviceColour";
import { buildTraceTree, type TraceTree } from "../model/traceTree";
import { getPieces } from "./client";
import { SkeletonReader } from "./skeletonArrow";

/** As many as fill any screen, and few enough to be drawn at once. */
const BEGINNING_SPANS = 2000;

/** Fewer are read and drawn in one go. */
const LARGE_SPANS = 20_000;

/** `onBeginning` is called at most once, with a tree of the first spans by start, if more are to come. */
export async function fetchTraceTree(traceId: string, signal: AbortSignal, onBeginning: (tree: TraceTree) => void): Promise<TraceTree> {
  const reader = new SkeletonReader(traceId);
  let isShown = false;
  for await (const piece of getPieces(`/api/traces/${encodeURIComponent(traceId)}`, { view: "skeleton" }, signal)) {
    reader.add(piece);
    while (reader.readNext()) {
      if (!isShown && reader.count > LARGE_SPANS) {
        isShown = true;
        const beginning = reader.skeleton(BEGINNING_SPANS);
        learnServices(beginning.services);
        onBeginning({ ...buildTraceTree(beginning), isBeginning: true });
        await painted();
      } else if (isShown) await turn();
    }
  }
  const skeleton = reader.skeleton();
  learnServices(skeleton.services);
  if (isShown) await turn();
  return buildTraceTree(skeleton);
}

/** What waits for the main thread has its turn. */
function turn(): Promise<void> {
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}

/** A hidden page has no frames, and must not wait for one. */
async function painted(): Promise<void> {
  if (document.visibilityState === "visible") await new Promise((done) => requestAnimationFrame(done));
  await turn();
}
