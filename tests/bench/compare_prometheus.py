"""Thirty PromQL questions to Spanlake and to Prometheus over the same series: how long each took, and whether they agree.

    compare_prometheus.py SPANLAKE_URL PROMETHEUS_URL [HOURS]

Spanlake has the points of `spanlake-bench --into-spanlake HOST:PORT --until SECONDS`, Prometheus those of `--into-prometheus` with the
same number and `--until`: then both have the same samples, and every number of the answers is compared, too. Loaded in another
way (`--only points --keep`) they have other values, and the last column says so. Prints a table and the geometric mean of the
ratios, Spanlake's time by Prometheus's.
"""

import json
import math
import statistics
import sys
import time
import urllib.parse
import urllib.request

TIMES = 5
HOUR = 3600

# (query, hours; 0 is an instant, step in seconds)
QUESTIONS = [
    ("http_server_active_requests", 0, 0),
    ("sum(http_server_active_requests)", 0, 0),
    ("sum by (job) (http_server_active_requests)", 0, 0),
    ("topk(10, shop_requests_total)", 0, 0),
    ("rate(shop_requests_total[5m])", 0, 0),
    ("sum by (job) (rate(shop_requests_total[5m]))", 0, 0),
    ("avg by (job) (jvm_memory_used_bytes)", 0, 0),
    ("max_over_time(shop_queue_fill_ratio[1h])", 0, 0),
    ("quantile by (job) (0.9, process_memory_usage_bytes)", 0, 0),
    ("count by (http_route) (rpc_server_messages_total)", 0, 0),
    ("histogram_quantile(0.9, sum by (job, le) (label_replace(rate(shop_requests_total[5m]), 'le', '1', '', '')))", 0, 0),
    ("sum(increase(shop_request_bytes_total[6h]))", 0, 0),
    ("shop_queue_fill_ratio", 1, 60),
    ("sum by (job) (rate(shop_requests_total[5m]))", 1, 15),
    ("rate(shop_request_bytes_total[5m])", 1, 15),
    ("avg(system_cpu_utilization_ratio)", 1, 15),
    ("sum by (job) (rate(system_network_io_bytes_total[5m])) / sum by (job) (rate(system_disk_operations_total[5m]))", 1, 15),
    ("max by (job) (db_client_connection_count)", 1, 15),
    ("rate(shop_request_bytes_total[5m])", 6, 60),
    ("sum by (job) (rate(shop_request_bytes_total[5m]))", 6, 60),
    ("sum(rate(shop_request_bytes_total[5m]))", 6, 60),
    ("avg by (job) (process_memory_usage_bytes)", 6, 60),
    ("avg_over_time(shop_queue_fill_ratio[10m])", 6, 60),
    ("sum by (http_response_status_code) (rate(shop_requests_total[5m]))", 6, 60),
    ("max_over_time(sum by (job) (http_server_active_requests)[30m:1m])", 1, 60),
    ("stddev by (job) (process_memory_usage_bytes)", 6, 60),
    ("sum by (job) (rate(process_cpu_time_seconds_total[5m]))", 6, 60),
    ("jvm_gc_time_seconds_total - jvm_gc_time_seconds_total offset 1h", 1, 60),
    ("sum by (job) (rate(shop_request_bytes_total[10m]))", 24, 600),
    ("avg(process_memory_usage_bytes)", 24, 240),
]


def ask(url, query, hours, step, end):
    if hours:
        path, form = "query_range", {"query": query, "start": end - hours * HOUR, "end": end, "step": step}
    else:
        path, form = "query", {"query": query, "time": end}
    request = urllib.request.Request(f"{url}/api/v1/{path}", urllib.parse.urlencode(form).encode())
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(request) as response:
            body = response.read()
    except urllib.error.HTTPError as error:
        sys.exit(f"{url} refuses {query}: {error.read().decode()}")
    return time.perf_counter() - began, body


def numbers(body):
    """Every number of an answer by its labels and time."""
    found = {}
    for series in json.loads(body)["data"]["result"]:
        labels = tuple(sorted(series["metric"].items()))
        for time_, value in series.get("values", [series.get("value")]):
            found[labels, time_] = float(value)
    return found


def are_close(left, right):
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12) or math.isnan(left) and math.isnan(right)


def said(ours, theirs):
    """How many numbers there are, and how many of them differ."""
    if ours.keys() != theirs.keys():
        return f"{len(ours):,}, {len(theirs):,}"
    different = sum(not are_close(value, theirs[key]) for key, value in ours.items())
    return f"{len(ours):,}, {different:,} differ" if different else f"{len(ours):,} equal"


def newest(url):
    """The second of the newest point, of the last day's."""
    now = int(time.time())
    _, body = ask(url, "max(max_over_time(timestamp(shop_queue_fill_ratio)[1d:1m]))", 0, 0, now)
    return int(float(json.loads(body)["data"]["result"][0]["value"][1]))


def main():
    spanlake, prometheus = sys.argv[1].rstrip("/") + "/prometheus", sys.argv[2].rstrip("/")
    hours_max = int(sys.argv[3]) if len(sys.argv) > 3 else 24
    # Each was loaded at a time of its own: its ranges end a minute before its newest point.
    ends = {url: newest(url) - 60 for url in (spanlake, prometheus)}
    logs = []
    print("| question | over | Spanlake ms | Prometheus ms | ratio | numbers |\n|---|---|---:|---:|---:|---:|")
    for query, hours, step in QUESTIONS:
        hours = min(hours, hours_max)
        took, answers = {}, {}
        for url in (spanlake, prometheus):
            runs = [ask(url, query, hours, step, ends[url]) for _ in range(TIMES + 1)]
            took[url] = statistics.median(seconds for seconds, _ in runs[1:]) * 1e3
            answers[url] = numbers(runs[0][1])
        ratio = took[spanlake] / took[prometheus]
        logs.append(math.log(ratio))
        over = f"{hours} h / {step} s" if hours else "instant"
        counts = said(answers[spanlake], answers[prometheus])
        print(f"| `{query}` | {over} | {took[spanlake]:.1f} | {took[prometheus]:.1f} | {ratio:.2f} | {counts} |", flush=True)
    print(f"\nGeometric mean of the ratios: **{math.exp(statistics.mean(logs)):.2f}** (target: at most 0.5).")


main()
