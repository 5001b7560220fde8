// Owns the server state of the pages of services: figures, counts over time, versions, calls. All by SQL.
// Never draws, and writes no SQL: that is model/serviceStatements.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { roundStepMs } from "../layout/timeSteps";
import { dependenciesFromCalls, dependenciesFromMap } from "../model/dependencies";
import { readRange, type TimeRange } from "../model/instant";
import { learnServices } from "../model/serviceColour";
import { readCalls, readCounts, readFigures, readOverTime, readVersions } from "../model/serviceFigures";
import {
  callsStatement, operationsOverTimeStatement, operationsStatement, serviceOverTimeStatement, servicesOverTimeStatement, servicesStatement, versionsStatement, type Form,
} from "../model/serviceStatements";
import type { SqlAnswer } from "../model/sqlResult";
import { useServiceMap } from "./mapQueries";
import { runSql, runSqlByForm } from "./queries";
import { isNotOffered } from "./traceQueries";

export const DEFAULT_SERVICE_RANGE = "1h";
const SPARK_STEPS = 45;
const CHART_STEPS = 60;
const AGAIN_EVERY_MS = 15_000;

function rangeNow(range: string): TimeRange {
  const now = Date.now();
  return readRange(range, now) ?? { startMs: now - 3_600_000, endMs: now };
}

/** A range up to now moves on; one between two moments stays as it is. */
const again = (range: string): number | false => (range.includes("-") ? false : AGAIN_EVERY_MS);

const runByForm = (build: (form: Form) => string, signal: AbortSignal): Promise<SqlAnswer> => runSqlByForm(build("counted"), build("estimated"), signal);

export function useServiceFigures(range: string, internal: boolean) {
  return useQuery({
    queryKey: ["service-figures", range, internal],
    queryFn: async ({ signal }) => {
      const asked = rangeNow(range);
      const figures = readFigures(await runByForm((form) => servicesStatement(asked, internal, form), signal));
      learnServices(figures.map((one) => one.name));
      return { figures, range: asked };
    },
    placeholderData: keepPreviousData,
    refetchInterval: again(range),
  });
}

export function useServiceCounts(range: string, internal: boolean) {
  return useQuery({
    queryKey: ["service-counts", range, internal],
    queryFn: async ({ signal }) => {
      const asked = rangeNow(range);
      const stepMs = roundStepMs(asked.startMs, asked.endMs, SPARK_STEPS);
      return readCounts(await runByForm((form) => servicesOverTimeStatement(asked, stepMs, internal, form), signal), asked, stepMs);
    },
    placeholderData: keepPreviousData,
    structuralSharing: false,
    refetchInterval: again(range),
  });
}

export function useServiceOverTime(service: string, range: string, onlyEntries: boolean) {
  return useQuery({
    queryKey: ["service-over-time", service, range, onlyEntries],
    queryFn: async ({ signal }) => {
      const asked = rangeNow(range);
      const stepMs = roundStepMs(asked.startMs, asked.endMs, CHART_STEPS);
      const answer = await runByForm((form) => serviceOverTimeStatement(service, asked, stepMs, onlyEntries, form), signal);
      return { overTime: readOverTime(answer, asked, stepMs), range: asked, stepMs };
    },
    placeholderData: keepPreviousData,
    refetchInterval: again(range),
  });
}

export function useOperationFigures(service: string, range: string, onlyEntries: boolean) {
  return useQuery({
    queryKey: ["operation-figures", service, range, onlyEntries],
    queryFn: async ({ signal }) => {
      const asked = rangeNow(range);
      return { figures: readFigures(await runByForm((form) => operationsStatement(service, asked, onlyEntries, form), signal)), range: asked };
    },
    placeholderData: keepPreviousData,
    refetchInterval: again(range),
  });
}

export function useOperationCounts(service: string, range: string, onlyEntries: boolean) {
  return useQuery({
    queryKey: ["operation-counts", service, range, onlyEntries],
    queryFn: async ({ signal }) => {
      const asked = rangeNow(range);
      const stepMs = roundStepMs(asked.startMs, asked.endMs, SPARK_STEPS);
      return readCounts(await runByForm((form) => operationsOverTimeStatement(service, asked, stepMs, onlyEntries, form), signal), asked, stepMs);
    },
    placeholderData: keepPreviousData,
    structuralSharing: false,
    refetchInterval: again(range),
  });
}

export function useVersions(service: string, range: string) {
  return useQuery({
    queryKey: ["versions", service, range],
    queryFn: async ({ signal }) => readVersions(await runSql(versionsStatement(service, rangeNow(range)), signal)),
    refetchInterval: again(range),
  });
}

/** Only where the server has no map, and once: a join is the dearest question of the page. */
export function useCalls(service: string, range: string, isWanted: boolean) {
  return useQuery({
    queryKey: ["calls", service, range],
    queryFn: async ({ signal }) => {
      const asked = rangeNow(range);
      const callers = readCalls(await runSql(callsStatement(service, asked, "callers"), signal));
      const callees = readCalls(await runSql(callsStatement(service, asked, "callees"), signal));
      learnServices([...callers, ...callees].map((calls) => calls.peer));
      return { callers, callees };
    },
    enabled: isWanted,
    staleTime: 60_000,
  });
}

/** Who calls a service and whom it calls: from the map, or by SQL where the server has none. */
export function useDependencies(service: string, range: string, internal: boolean) {
  const map = useServiceMap(range, internal);
  const hasNoMap = isNotOffered(map.error) && !map.data;
  const bySql = useCalls(service, range, hasNoMap);
  const data = map.data ? dependenciesFromMap(service, map.data) : bySql.data && dependenciesFromCalls(bySql.data);
  return { data, error: hasNoMap ? bySql.error : map.error, isBySql: hasNoMap };
}
