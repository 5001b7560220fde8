"""The same twenty questions to Spanlake and to DuckDB, over the same Parquet files, both warm, both on two threads.

usage: compare_duckdb.py SPANLAKE_URL DATA_DIR [--rounds N]

The server must run on DATA_DIR with everything sealed (`POST /api/admin/seal`), so that both read the same rows.
Spanlake's time is what the server says that the statement took (`stats.elapsed_ms`); DuckDB runs in this process. Of each
question the fastest of N rounds counts, as caches are warm then and noise only adds. Answers are compared first: counts
and groups must agree, quantiles and distinct counts (both approximate) within 3 % and 20 %. Needs DuckDB's Python package.
"""

import argparse
import glob
import math
import statistics
import time

import duckdb

from questions import QUESTIONS, Spanlake

def duck_time(connection, sql):
    began = time.perf_counter()
    rows = connection.execute(sql).fetchall()
    return rows, (time.perf_counter() - began) * 1000


def numbers(rows):
    found = []
    for row in rows:
        for value in row:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                found.append(float(value))
    return sorted(found)


def agree(how, ours, theirs):
    if len(ours) != len(theirs):
        return f"{len(ours)} rows, DuckDB {len(theirs)}"
    tolerance = {"exact": 1e-9, "near": 0.03, "distinct": 0.2, "count": None}[how]
    if tolerance is None:
        return None
    for one, other in zip(numbers(ours), numbers(theirs)):
        if not math.isclose(one, other, rel_tol=tolerance):
            return f"{one}, DuckDB {other}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("data_dir")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    files = glob.glob(f"{arguments.data_dir}/hot/spans/**/*.parquet", recursive=True)
    files += glob.glob(f"{arguments.data_dir}/cold/spans/**/*.parquet", recursive=True)
    spanlake = Spanlake(arguments.url)
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute("set timezone = 'UTC'")
    connection.execute("set parquet_metadata_cache = true")
    connection.execute(f"create view spans as select * from read_parquet({files!r}, union_by_name = true)")
    names = spanlake.names()
    ratios, wrong = [], []
    print(f"{len(files)} files\n\n| question | Spanlake ms | DuckDB ms | ratio |\n|---|---:|---:|---:|")
    for name, ours, theirs, how in QUESTIONS:
        ours, theirs = ours.format(**names), (theirs or ours).format(**names)
        mine = [spanlake.ask(ours) for _ in range(arguments.rounds)]
        duck = [duck_time(connection, theirs) for _ in range(arguments.rounds)]
        problem = agree(how, mine[0][0], duck[0][0])
        if problem:
            wrong.append(f"{name}: {problem}")
        fast, other = min(took for _, took in mine), min(took for _, took in duck)
        ratios.append(max(fast, 0.1) / max(other, 0.1))
        print(f"| {name} | {fast:.1f} | {other:.1f} | {ratios[-1]:.2f} |", flush=True)
    print(f"\ngeometric mean of the ratios: {statistics.geometric_mean(ratios):.2f}")
    for line in wrong:
        print(f"DIFFERENT: {line}")


if __name__ == "__main__":
    main()
