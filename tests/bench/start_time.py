"""How long a server takes from its start to ready, over a data directory with many hot files.

usage: start_time.py SPANLAKE_BINARY [--files N] [--work-dir DIR]

Fills a fresh data directory with N seals (compaction off), stops the server, and starts it three times. A file more or
less of resources and scopes is made besides. The time runs from the start of the process to the first 200 of `/readyz`.
"""

import argparse
import os
import signal
import tempfile
import time

from server import post, start


def spans(number, count=20):
    now = time.time_ns()
    rows = [
        {
            "traceId": f"{number * 1000 + row // 4 + 1:032x}",
            "spanId": f"{number * 1000 + row + 1:016x}",
            "name": f"operation {row % 5}",
            "kind": 2,
            "startTimeUnixNano": str(now - row * 1_000_000),
            "endTimeUnixNano": str(now),
            "attributes": [{"key": "http.route", "value": {"stringValue": f"/r{row % 3}"}}],
        }
        for row in range(count)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": f"service-{number % 16}"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "bench"}, "spans": rows}]}]}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--files", type=int, default=2000)
    arguments.add_argument("--work-dir")
    arguments = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.work_dir) as data_dir:
        server, ports, first = start(arguments.binary, data_dir)
        print(f"an empty directory: ready after {first:.3f} s")
        for number in range(arguments.files // 2):
            # Two files a seal: spans, and the sums of them.
            post(f"http://{ports['otlp_http']}/v1/traces", spans(number))
            post(f"http://{ports['listen']}/api/admin/seal", {})
        server.send_signal(signal.SIGTERM)
        server.wait()
        count = sum(name.endswith(".parquet") for _, _, names in os.walk(data_dir) for name in names)
        for _ in range(3):
            server, _, taken = start(arguments.binary, data_dir)
            server.send_signal(signal.SIGTERM)
            server.wait()
            print(f"{count} files: ready after {taken:.3f} s")


if __name__ == "__main__":
    main()
