"""What it costs to move hot hours to the cold tier under a budget, and how near each hour comes to what it was given.

usage: sampled_move.py SPANLAKE_BINARY DATA_DIR [--budget BYTES_A_DAY …] [--rounds N]

DATA_DIR holds sealed hot files of hours that are over (such as `spanlake-bench --only spans-merged --keep` leaves); each
run takes a copy of it. CPU is the server's from its start until the last hour has moved; of N rounds the median counts,
budgets in turn. `none`: everything moves, and nobody decides.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import tempfile
import urllib.request

from server import start, until_at_rest
from tiers import bytes_of


def move(binary, data_dir, budget):
    """CPU in seconds, cold bytes of spans, and the hours as the sampler tells of them."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(data_dir)) as folder:
        copy = os.path.join(folder, "data")
        shutil.copytree(data_dir, copy)
        settings = {} if budget == "none" else {"SAMPLING_DAY_BYTES": budget}
        server, ports, _ = start(binary, copy, HOT_AGE_MAX="1m", **settings)
        try:
            # An hour that lasts stays where it is.
            taken = until_at_rest(server)
            with urllib.request.urlopen(f"http://{ports['listen']}/api/sampling", timeout=30) as answer:
                report = json.load(answer)
            return taken, bytes_of(copy, "cold"), (report["sampling"] or {}).get("hours", [])
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("data_dir")
    parser.add_argument("--budget", action="append")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    budgets = arguments.budget or ["none", "100TiB", "200MiB"]
    runs = {budget: [] for budget in budgets}
    for _ in range(arguments.rounds):
        for budget in budgets:
            runs[budget].append(move(arguments.binary, os.path.abspath(arguments.data_dir), budget))
    print("| budget a day | CPU, s | cold, MB | CPU in each round |\n|---|---:|---:|---|")
    for budget, taken in runs.items():
        seconds = [cpu for cpu, _, _ in taken]
        each = ", ".join(f"{cpu:.2f}" for cpu in seconds)
        print(f"| {budget} | {statistics.median(seconds):.2f} | {taken[0][1] / 1e6:.1f} | {each} |")
    for budget, taken in runs.items():
        # An hour that offers less than it was given is written whole.
        full = [hour for hour in taken[0][2] if hour["offered_bytes"] > hour["allotted_bytes"]]
        if full:
            print(f"\n{budget} a day: written of what each hour was given")
            for hour in full:
                share = hour["written_bytes"] / hour["allotted_bytes"] - 1
                print(f"  {hour['hour']}: {hour['written_bytes'] / 1e6:.2f} of {hour['allotted_bytes'] / 1e6:.2f} MB "
                      f"({share:+.1%}), offered {hour['offered_bytes'] / 1e6:.2f}")


if __name__ == "__main__":
    main()
