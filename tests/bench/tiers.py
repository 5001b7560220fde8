"""The twenty questions, and traces by their ids, of a store that is all hot, half cold, and all cold.

usage: tiers.py SPANLAKE_BINARY DATA_DIR [--rounds N] [--lookups N]

DATA_DIR holds sealed hot files of two hours, half in each (such as `spanlake-bench --only spans-merged --keep` leaves, with `--over`
twice the seconds since the hour began), and is CHANGED: its files move to the folder `cold` in it. Of each question the fastest of N rounds counts, as the server says that it took; lookups go over
HTTP as JSON, one after another, and CPU is the server's.
"""

import argparse
import http.client
import os
import random
import signal
import statistics
import time

from questions import QUESTIONS, Spanlake
from server import cpu_seconds, start, until_at_rest


def bytes_of(data_dir, tier):
    spans = os.path.join(data_dir, tier, "spans")
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(spans)
               for name in names if name.endswith(".parquet"))


def look_up(server, port, ids):
    connection = http.client.HTTPConnection(port)
    took, before = [], cpu_seconds(server)
    for trace in ids:
        began = time.perf_counter()
        connection.request("GET", f"/api/traces/{trace}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    cpu = (cpu_seconds(server) - before) / len(ids) * 1000
    return took[len(took) // 2], took[len(took) * 99 // 100], cpu


def measure(binary, data_dir, hot_bytes_max, arguments):
    server, ports, _ = start(binary, data_dir, HOT_BYTES_MAX=hot_bytes_max, HOT_AGE_MAX="1000h")
    try:
        while bytes_of(data_dir, "hot") > hot_bytes_max:
            time.sleep(3)
        until_at_rest(server)
        share = bytes_of(data_dir, "cold") / (bytes_of(data_dir, "cold") + bytes_of(data_dir, "hot"))
        spanlake = Spanlake(f"http://{ports['listen']}")
        names = spanlake.names()
        questions = [(name, ours.format(**names)) for name, ours, _, _ in QUESTIONS]
        took = {name: min(spanlake.ask(sql)[1] for _ in range(arguments.rounds)) for name, sql in questions}
        ids = [row[0] for row in spanlake.ask("select distinct encode(trace_id, 'hex') from spans limit 20000")[0]]
        chosen = random.Random(42).sample(ids, min(arguments.lookups, len(ids)))
        look_up(server, ports["listen"], chosen[:20])
        return share, took, look_up(server, ports["listen"], chosen)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("data_dir")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lookups", type=int, default=1000)
    arguments = parser.parse_args()
    hot = bytes_of(arguments.data_dir, "hot")
    # Whole hours move until less than the limit is left, which counts all tables: of two equal hours, one.
    limits = (hot * 2, hot * 3 // 4, 0)
    states = [measure(arguments.binary, arguments.data_dir, limit, arguments) for limit in limits]
    print("| question | " + " | ".join(f"{share:.0%} cold, ms" for share, _, _ in states) + " |")
    print("|---|" + "---:|" * len(states))
    for name in states[0][1]:
        print(f"| {name} | " + " | ".join(f"{took[name]:.1f}" for _, took, _ in states) + " |")
    for share, took, (p50, p99, cpu) in states:
        ratios = [max(took[name], 0.1) / max(states[0][1][name], 0.1) for name in took]
        print(f"\n{share:.0%} cold: {statistics.geometric_mean(ratios):.2f} times all hot; trace by id, "
              f"p50 / p99 {p50:.1f} / {p99:.1f} ms, {cpu:.2f} ms of CPU")


if __name__ == "__main__":
    main()
