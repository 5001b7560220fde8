//! Queries made of a seed, of what every version since 3.5 computes alike.

use spanlake_bench::random::Random;

const COUNTERS: [&str; 5] = [
    "requests_total",
    "requests_total{code=~\"4..|5..\"}",
    "requests_total{job=\"shop-0\",code!=\"200\"}",
    "latency_seconds_count",
    "latency_seconds_bucket",
];
const GAUGES: [&str; 4] = ["queue_size", "queue_size{queue=\"mail\"}", "temperature", "up"];
const OF_COUNTERS: [&str; 5] = ["rate", "increase", "irate", "resets", "changes"];
const OVER_TIME: [&str; 13] = [
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "present_over_time",
    "delta",
    "idelta",
    "deriv",
    "changes",
];
const OF_INSTANT: [&str; 14] = [
    "abs",
    "ceil",
    "floor",
    "sqrt",
    "ln",
    "log2",
    "exp",
    "sgn",
    "timestamp",
    "sort",
    "sort_desc",
    "round",
    "deg",
    "atan",
];
const AGGREGATES: [&str; 8] = ["sum", "avg", "min", "max", "count", "stddev", "stdvar", "group"];
const GROUPS: [&str; 7] = [
    "",
    "by (job)",
    "by (instance)",
    "by (job, code)",
    "without (instance)",
    "by (queue)",
    "without (code, queue, le)",
];
const RANGES: [&str; 4] = ["[1m]", "[5m]", "[7m30s]", "[20m]"];
const ARITHMETIC: [&str; 6] = ["+", "-", "*", "/", "%", "^"];
const COMPARISONS: [&str; 6] = ["==", "!=", ">", "<", ">=", "<="];

pub(super) fn generate(seed: u64, count: usize) -> Vec<String> {
    let mut random = Random::new(seed ^ 0x5eed);
    (0..count).map(|_| vector(&mut random, 3)).collect()
}

fn pick<'a>(random: &mut Random, among: &[&'a str]) -> &'a str {
    among[random.index(among.len())]
}

/// A selector with a range, and perhaps an offset.
fn ranged(random: &mut Random, among: &[&str]) -> String {
    let offset = pick(random, &["", "", "", " offset 3m", " offset -2m"]);
    format!("{}{}{offset}", pick(random, among), pick(random, &RANGES))
}

fn vector(random: &mut Random, depth: u64) -> String {
    let kinds = if depth == 0 { 3 } else { 14 };
    match random.below(kinds) {
        0 => format!("{}({})", pick(random, &OF_COUNTERS), ranged(random, &COUNTERS)),
        1 => format!("{}({})", pick(random, &OVER_TIME), ranged(random, &GAUGES)),
        2 => format!("{}{}", pick(random, &GAUGES), pick(random, &["", "", " offset 5m"])),
        3 | 4 => {
            format!("{} {} ({})", pick(random, &AGGREGATES), pick(random, &GROUPS), vector(random, depth - 1))
        }
        5 => format!("{}({})", pick(random, &OF_INSTANT), vector(random, depth - 1)),
        6 => format!("({}) {} {}", vector(random, depth - 1), pick(random, &ARITHMETIC), random.below(10)),
        7 => {
            let bool = pick(random, &["", " bool"]);
            format!("({}) {}{bool} {}", vector(random, depth - 1), pick(random, &COMPARISONS), random.below(60))
        }
        8 => {
            let inner = vector(random, depth - 1);
            format!("({inner}) {} ({inner})", pick(random, &ARITHMETIC))
        }
        9 => {
            let (left, right) = (pick(random, &GAUGES), pick(random, &GAUGES));
            format!("sum by (job) ({left}) {} on (job) avg by (job) ({right})", pick(random, &ARITHMETIC))
        }
        10 => format!("{} {} {}", pick(random, &GAUGES), pick(random, &["and", "or", "unless"]), pick(random, &GAUGES)),
        11 => {
            let share = pick(random, &["0.5", "0.9", "0.99", "0", "1"]);
            format!(
                "histogram_quantile({share}, sum by (job, le) (rate(latency_seconds_bucket{})))",
                pick(random, &RANGES)
            )
        }
        12 => {
            let function = pick(random, &["max_over_time", "avg_over_time", "count_over_time", "min_over_time"]);
            format!("{function}(({})[10m:1m])", vector(random, depth - 1))
        }
        _ => {
            let share = pick(random, &["0.25", "0.5", "0.95"]);
            format!("quantile by (job) ({share}, {})", pick(random, &GAUGES))
        }
    }
}
