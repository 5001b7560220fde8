// Owns what a stretch of work costs in the browser: main-thread work between two frames, by the renderer's own trace, and
// the gaps between frames as the page sees them. Never decides what is done meanwhile.

export function quantile(values, share) {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

export const median = (values) => quantile(values, 0.5);

/** Milliseconds: `work` of each frame on the renderer's main thread (its own CPU time), `gaps` between frames by the wall. */
export async function measureFrames(page, act) {
  const client = await page.context().newCDPSession(page);
  const events = [];
  client.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await client.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel", "blink.user_timing"], excludedCategories: ["*"] } });
  await page.evaluate(() => {
    performance.mark("bench-from");
    window.benchGaps = [];
    let last = performance.now();
    const tick = (now) => {
      if (!window.benchGaps) return;
      performance.mark("bench-frame");
      window.benchGaps.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame((now) => {
      last = now;
      requestAnimationFrame(tick);
    });
  });
  await act();
  const gaps = await page.evaluate(() => {
    performance.mark("bench-to");
    const found = window.benchGaps;
    window.benchGaps = null;
    return found;
  });
  const complete = new Promise((done) => client.once("Tracing.tracingComplete", done));
  await client.send("Tracing.end");
  await complete;
  await client.detach();
  return { work: workByFrame(events), gaps };
}

/** A frame's task is the one that its mark lies in; its work is that task and those after it, up to the next frame's. */
function workByFrame(events) {
  const mark = (name) => events.find((one) => one.name === name);
  const from = mark("bench-from");
  const to = mark("bench-to");
  if (!from || !to) throw new Error("the browser's trace has no marks");
  const mine = events.filter((one) => one.pid === from.pid && one.tid === from.tid && one.ts >= from.ts && one.ts <= to.ts);
  const begins = mine.filter((one) => one.name === "bench-frame").map((one) => one.ts).sort((a, b) => a - b);
  const tasks = mine.filter((one) => one.name === "ThreadControllerImpl::RunTask" && one.ph === "X");
  if (begins.length < 2 || tasks.length === 0) throw new Error(`the browser's trace has ${begins.length} frames and ${tasks.length} tasks`);
  const work = new Array(begins.length - 1).fill(0);
  let frame = -1;
  for (const task of tasks.sort((a, b) => a.ts - b.ts)) {
    // The task that a frame's beginning lies in counts to that frame.
    const end = task.ts + task.dur;
    while (frame + 1 < begins.length && begins[frame + 1] <= end) frame++;
    if (frame >= 0 && frame < work.length) work[frame] += (task.tdur ?? task.dur) / 1000;
  }
  return work;
}

/** The renderer's memory after its garbage is collected: what is its alone and its share of the rest, in bytes. */
export async function pageMemory(browser, page) {
  const client = await page.context().newCDPSession(page);
  await client.send("HeapProfiler.collectGarbage");
  await client.send("HeapProfiler.collectGarbage");
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await client.send("Runtime.getHeapUsage");
  await client.detach();
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send("SystemInfo.getProcessInfo");
  await whole.detach();
  const renderers = processInfo.filter((one) => one.type === "renderer").map((one) => one.id);
  const { readFileSync } = await import("node:fs");
  const sizes = renderers.map((id) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8"))?.[1] ?? 0) * 1024);
  return { process: Math.max(...sizes), heap: usedSize + (embedderHeapUsedSize ?? 0) + (backingStorageSize ?? 0) };
}
