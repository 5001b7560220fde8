"""Trace search at scale: how long answers take, what they cost, and what they do to ingest.

usage: search.py BINARY DATA_DIR [--rounds N] [--only PART] [--json FILE] [--ingest GENERATOR]

DATA_DIR is a folder that `spanlake-bench --only spans-merged --spans 20000000 --over 3600 --keep` has left (`…/data`): an hour's traffic. A server of its own is
started on it, on free ports, and stopped at the end. Every question is asked N times over HTTP, one after the other, after
once to warm up. Told are the median, the fastest, and the processor time of the server for one answer, from /proc: on a busy
machine only that and ratios can be compared. Answers are checked where they are known beforehand: what is asked for is in
them, what is absent is not found. With --ingest, the generator sends spans to a second server, without and with twenty
searches at once beside it. Needs Python 3 only.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from server import cpu_seconds, start


class Server:
    def __init__(self, binary, data_dir):
        # Hours of days ago are not to move cold beside the questions.
        self.process, ports, _ = start(binary, data_dir, HOT_AGE_MAX="1000h")
        self.url = "http://" + ports["listen"]

    def memory(self, name):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def reset_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def get(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}{path}?{query}", timeout=120) as response:
            return json.load(response)

    def sql(self, query):
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(f"{self.url}/api/sql", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)["rows"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)


def known(server):
    """What can be asked for: a busy service, one of its names, a seldom route."""
    service, name, _ = server.sql("select service_name, name, count(*) n from spans group by 1, 2 order by 3 desc, 1, 2 limit 1")[0]
    low, high = server.sql("select cast(min(start_time) as bigint), cast(max(start_time) as bigint) from spans")[0]
    route = server.sql("select http_route, count(*) n from spans where http_route is not null group by 1 order by 2, 1 limit 1")[0][0]
    return {"service": service, "name": name, "route": route, "low": int(low), "high": int(high)}


def questions(server, facts, unpromoted, value, once):
    """(name, target ms, call, check)."""
    window = {"start": facts["low"], "end": facts["high"] + 1}
    newest = {"limit": 20, **window}

    def search(least, **parameters):
        def call():
            return server.get("/api/traces", **newest, **parameters)

        def check(answer):
            found = len(answer["traces"])
            assert found >= least if least else found == 0, f"{found} traces, {answer}"
        return call, check

    def counted(query):
        def call():
            return server.get("/tempo/api/metrics/query_range", q=query, start=facts["low"], end=facts["high"], step="60s")

        def check(answer):
            assert answer["series"] and "status" not in answer, str(answer)[:300]
        return call, check

    def something(path, key, **parameters):
        return (lambda: server.get(path, **window, **parameters)), (lambda answer: answer[key])

    service = facts["service"]
    return [
        ("newest 20 by service and duration", 50, *search(20, service=service, min_span_duration="50ms")),
        ("newest 20 by service and trace duration", 50, *search(20, service=service, min_duration="50ms")),
        ("newest 20 by error: `status=error`", 50, *search(20, status="error")),
        ("newest 20 by error: `{ status = error }`", 50, *search(20, filter="{ status = error }")),
        ("newest 20 by name: `{ name = … }`", 50, *search(20, filter="{ name = " + json.dumps(facts["name"]) + " }")),
        ("newest 20 by a promoted attribute", 50, *search(20, filter="{ span.http.route = " + json.dumps(facts["route"]) + " }")),
        ("newest 20 by an unpromoted attribute", 50, *search(1, filter=f"{{ span.{unpromoted} = {json.dumps(value)} }}")),
        ("newest 20 by `attr=` of it", 50, *search(1, attr=f"{unpromoted}={value}")),
        ("a duration that occurs once", 200, *search(1, filter=f"{{ duration = {once}ns }}")),
        ("an absent name", 200, *search(0, filter='{ name = "nobody calls it so" }')),
        ("an absent value of an unpromoted attribute", 200, *search(0, filter=f'{{ span.{unpromoted} = "nobody has it" }}')),
        ("an absent value of a promoted attribute", 200, *search(0, filter='{ span.http.route = "/nowhere" }')),
        ("scan: rate() by service, name =~", 20_000_256 / 30_000 / 2,
         *counted('{ name =~ "GET .*" } | rate() by (resource.service.name)')),
        ("scan: rate() by service, duration", 20_000_256 / 30_000 / 2, *counted("{ duration > 20ms } | rate() by (resource.service.name)")),
        ("the same with exemplars", None,
         *counted("{ duration > 20ms } | rate() by (resource.service.name) with (exemplars=100)")),
        ("structure: `{ kind = server } >> { status = error }`", 2000, *search(20, filter="{ kind = server } >> { status = error }")),
        ("structure that nothing has", 2000, *search(0, filter='{ name = "no such" } >> { status = error }')),
        ("service map of all", 1000, *something("/api/service-map", "edges")),
        ("facets", 500, *something("/api/traces/facets", "facets")),
        ("facets of errors", 500, *something("/api/traces/facets", "facets", status="error")),
        ("heatmap", None, *something("/api/traces/heatmap", "cells")),
    ]


def measure(server, name, target, call, check, rounds):
    before = cpu_seconds(server.process)
    try:
        check(call())
    except urllib.error.HTTPError as error:
        cpu = (cpu_seconds(server.process) - before) * 1000
        return {"question": f"{name}: {error.code}, no answer", "p50_ms": float("inf"), "fastest_ms": float("inf"), "cpu_ms": cpu,
                "target_ms": target, "peak_mb": server.memory("VmHWM"), "more_mb": 0.0}
    resting = server.memory("VmRSS")
    server.reset_peak()
    times, before = [], cpu_seconds(server.process)
    for _ in range(rounds):
        began = time.monotonic()
        call()
        times.append((time.monotonic() - began) * 1000)
    cpu = (cpu_seconds(server.process) - before) / rounds * 1000
    return {"question": name, "p50_ms": statistics.median(times), "fastest_ms": min(times), "cpu_ms": cpu,
            "target_ms": target, "peak_mb": server.memory("VmHWM"), "more_mb": server.memory("VmHWM") - resting}


def ingest(generator, binary, spans, beside):
    """Spans a CPU-second while `beside` runs against the same server."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as folder:
        report = os.path.join(folder, "report.json")
        process = subprocess.Popen([generator, "--bin", binary, "--only", "spans", "--spans", str(spans), "--work-dir", folder, "--json", report],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        beside(process, folder)
        process.wait()
        return json.load(open(report))


def searching(count):
    """That many clients, each of which searches again and again until the generator is done."""
    def run(process, folder):
        url = None
        while url is None and process.poll() is None:
            for root, _, files in os.walk(folder):
                if "server.log" in files:
                    lines = [line for line in open(os.path.join(root, "server.log")) if "ready in" in line]
                    url = "http://" + lines[0].split("http://", 1)[1].split(",")[0].strip() if lines else None
            time.sleep(0.05)
        answered = []

        def client():
            while process.poll() is None:
                try:
                    query = urllib.parse.urlencode({"filter": "{ status = error }", "limit": 20})
                    urllib.request.urlopen(f"{url}/api/traces?{query}", timeout=60).read()
                    answered.append(1)
                except OSError:
                    time.sleep(0.05)
        threads = [threading.Thread(target=client) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"{count} clients had {len(answered)} answers")
    return run


def table(rows):
    print("| question | p50 ms | fastest ms | CPU ms | target ms | |")
    print("|---|---:|---:|---:|---:|---|")
    for row in rows:
        target = row["target_ms"]
        verdict = "" if target is None else "reached" if row["p50_ms"] <= target else "missed"
        shown = "" if target is None else f"≤ {target:.0f}"
        print(f"| {row['question']} | {row['p50_ms']:.1f} | {row['fastest_ms']:.1f} | {row['cpu_ms']:.1f} | {shown} | {verdict} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("data_dir")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="questions whose name has this")
    parser.add_argument("--json")
    parser.add_argument("--unpromoted", default="messaging.client.id")
    parser.add_argument("--ingest", help="the generator; also measures ingest beside twenty searches")
    given = parser.parse_args()
    server = Server(given.binary, given.data_dir)
    try:
        facts = known(server)
        key = given.unpromoted
        value = server.sql(f"select attributes['{key}'] v from spans where attributes['{key}'] is not null limit 1")[0][0]
        once = server.sql("select max(duration) from spans")[0][0]
        rows = []
        for name, target, call, check in questions(server, facts, key, value, once):
            if given.only and given.only not in name:
                continue
            rows.append(measure(server, name, target, call, check, given.rounds))
            print(f"{rows[-1]['p50_ms']:9.1f} ms {rows[-1]['cpu_ms']:9.1f} CPU ms {rows[-1]['peak_mb']:7.0f} MB (+ {rows[-1]['more_mb']:.0f})  {name}", flush=True)
        print()
        table(rows)
        print(f"\nPeak of the server over all of them: {max(row['peak_mb'] for row in rows):.0f} MB")
    finally:
        server.stop()
    if given.ingest:
        for count in (0, 20):
            report = ingest(given.ingest, given.binary, 1_500_000, searching(count) if count else lambda *_: None)
            print(f"beside {count} searches: {json.dumps(report)[:400]}")
    if given.json:
        json.dump(rows, open(given.json, "w"), indent=1)


if __name__ == "__main__":
    main()
