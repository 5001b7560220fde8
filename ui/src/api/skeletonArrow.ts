// Owns what the skeleton's Arrow stream means: which column is what. Never builds the tree.
import { tableFromIPC, type Column } from "@uwdata/flechette";
import { ServiceNames, type Skeleton } from "../model/skeleton";
import { countColumn, hexColumn, int64Column, textColumn } from "./arrowColumns";

export function readSkeleton(traceId: string, bytes: Uint8Array): Skeleton {
  const table = tableFromIPC(bytes, { useBigInt: true });
  const column = (name: string): Column<unknown> => {
    const found = table.getChild(name);
    if (!found) throw new Error(`the skeleton has no column ${name}`);
    return found as Column<unknown>;
  };
  const count = table.numRows;
  const instants = int64Column(column("start_time"), count);
  let originNs = count > 0 ? instants[0] : 0n;
  for (const instant of instants) if (instant < originNs) originNs = instant;
  const services = new ServiceNames();
  return {
    traceId,
    originNs,
    count,
    spanIds: hexColumn(column("span_id"), count, false),
    // An all-zero parent is no parent: some senders write it so.
    parentSpanIds: hexColumn(column("parent_span_id"), count, true),
    starts: Float64Array.from(instants, (instant) => Number(instant - originNs)),
    durations: Float64Array.from(int64Column(column("duration"), count), Number),
    serviceOf: Int32Array.from(textColumn(column("service_name"), count), (name) => services.indexOf(name)),
    services: services.names,
    names: textColumn(column("name"), count),
    kinds: textColumn(column("kind"), count),
    errors: Uint8Array.from(textColumn(column("status_code"), count), (code) => (code === "error" ? 1 : 0)),
    eventCounts: countColumn(column("event_count"), count),
    logCounts: countColumn(column("log_count"), count),
  };
}
