// Owns the English of comparing two traces and of traces from files.
import { plural } from "./plural";

export const compare = {
  title: "Compare traces",
  first: "A, the first trace",
  second: "B, the second trace",
  idExample: "Trace id, in any spelling",
  swap: "Swap A and B",
  choose: "Choose two traces to lay on each other: calls with the same path of services and operations share a row.",
  similar: "Traces of the same operation",
  recent: "Traces you looked at lately",
  notFound: "There is no such trace",
  columns: { operation: "Service and operation", a: "A", b: "B", difference: "B − A", time: "Time since each began" },
  onlyDifferences: "Only differences",
  verdicts: { onlyA: "only in A", onlyB: "only in B", slower: "slower in B", faster: "faster in B", same: "much the same" },
  times: (count: number) => `${count.toLocaleString("en-US")}×`,
  rows: (count: number) => plural(count, "row"),
  none: "The two differ in nothing worth a row.",
  slowerBy: (duration: string, percent: string) => `B takes ${duration} longer (+${percent} %)`,
  fasterBy: (duration: string, percent: string) => `B takes ${duration} less (−${percent} %)`,
  asLong: "Both take the same time",
  compareWith: "Compare with another trace",
};

export const files = {
  title: "Open a trace file",
  text: "OTLP JSON, Jaeger JSON, or what this page downloads. The file stays in this browser: nothing is sent to the server.",
  drop: "Drop a file here, or",
  choose: "Choose a file",
  label: "Trace file",
  reading: "Reading…",
  unknown: "This file holds no trace that can be read. OTLP JSON, Jaeger JSON and our own download can.",
  tooLarge: (size: string) => `The file is larger than ${size}, which a page can hardly hold.`,
  found: (count: number, name: string) => `${plural(count, "trace")} in ${name}`,
  refused: (count: number) => `${plural(count, "entry", "entries")} could not be read as a span and are left out.`,
  event: "Event",
  cut: (spans: number) => `Only the first ${spans.toLocaleString("en-US")} spans are in this file.`,
  openFile: "Open a file",
  fromFile: "from a file",
  gone: "This trace came from a file, which a page forgets when it is loaded again. Choose the file once more.",
  html: "Download as a page of its own",
  htmlHint: "One HTML file with the whole trace, to be opened anywhere without a server",
};
