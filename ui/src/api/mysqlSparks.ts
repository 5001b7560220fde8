// Owns the small lines beside all servers: the last half hour, all servers in one question each. Never draws.
import { useMemo } from "react";
import { FLEET_SPARKS } from "../model/mysqlCharts";
import { useRangeQueries, useSteps } from "./promQueries";

const POINTS = 60;
const EVERY_MS = 15_000;
const RANGE = "1h";
const NAMES = ["qps", "connections_running", "connections"] as const;
const QUESTIONS = NAMES.map((name) => ({ text: FLEET_SPARKS[name] }));

export type FleetSparks = Record<(typeof NAMES)[number], Map<string, (number | null)[]> | undefined>;

export function useFleetSparks(): FleetSparks {
  const { steps } = useSteps(RANGE, EVERY_MS, POINTS);
  const [qps, running, connections] = useRangeQueries(QUESTIONS, steps).map((result) => result.data?.grid.series);
  return useMemo(() => {
    const byServer = (series: typeof qps) => series && new Map(series.map((one) => [one.labels.mysql_instance_endpoint ?? "", one.values]));
    return { qps: byServer(qps), connections_running: byServer(running), connections: byServer(connections) };
  }, [qps, running, connections]);
}
