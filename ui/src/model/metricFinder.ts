// Owns finding a metric by what was typed, and the order of the list. Never asks for metrics.
import type { MetricInfo } from "../api/types";
import { matchScore } from "./palette";
import { promName } from "./promNames";

const NO_MATCH = -1;

/** Dots, underscores and spaces are the same to who types. */
const plain = (text: string): string => text.toLowerCase().replace(/[._\s/-]+/g, " ");

function scoreOf(metric: MetricInfo, words: readonly string[]): number {
  const name = plain(metric.name);
  const facts = plain(`${metric.description} ${metric.services.join(" ")} ${metric.unit} ${metric.type} ${promName(metric)}`);
  let sum = 0;
  for (const word of words) {
    const inName = matchScore(name, word);
    const score = inName > 0 ? inName + 40 : facts.includes(word) ? 30 : initialsMatch(name, word) ? 50 : NO_MATCH;
    if (score === NO_MATCH) return NO_MATCH;
    sum += score;
  }
  return sum;
}

/** `hsrd` finds `http.server.request.duration`. */
function initialsMatch(name: string, word: string): boolean {
  return word.length >= 2 && name.split(" ").map((part) => part[0] ?? "").join("").startsWith(word);
}

export function findMetrics(metrics: readonly MetricInfo[], typed: string): MetricInfo[] {
  const words = plain(typed).trim().split(" ").filter((word) => word !== "");
  const byName = [...metrics].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (words.length === 0) return byName;
  return byName
    .map((metric, place) => ({ metric, place, score: scoreOf(metric, words) }))
    .filter((one) => one.score !== NO_MATCH)
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .map((one) => one.metric);
}
