"""How long a server takes from its start to ready, over a data directory with many hot files.

usage: start_time.py SPANLAKE_BINARY [--files N] [--work-dir DIR]

Fills a fresh data directory with N seals (compaction off), stops the server, and starts it three times. A file more or
less of resources and scopes is made besides. The time runs from the start of the process to the first 200 of `/readyz`.
"""

import argparse
import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.request


def start(binary, data_dir):
    environment = {
        "PATH": os.environ["PATH"],
        "SPANLAKE_DATA_DIR": data_dir,
        "SPANLAKE_LISTEN": "127.0.0.1:0",
        "SPANLAKE_OTLP_GRPC": "127.0.0.1:0",
        "SPANLAKE_OTLP_HTTP": "127.0.0.1:0",
        "SPANLAKE_HOT_COMPACTION": "false",
        "SPANLAKE_SELF_TELEMETRY_MODE": "off",
    }
    ports_file = os.path.join(data_dir, "ports.json")
    if os.path.exists(ports_file):
        os.remove(ports_file)
    began = time.monotonic()
    server = subprocess.Popen([binary, "serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        try:
            with open(ports_file) as file:
                ports = json.load(file)
            with urllib.request.urlopen(f"http://{ports['listen']}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return server, ports, time.monotonic() - began
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.002)


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


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
