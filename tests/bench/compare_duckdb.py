"""The same twenty questions to Spanlake and to DuckDB, over the same Parquet files, both warm, both on two threads.

usage: compare_duckdb.py SPANLAKE_URL DATA_DIR [--rounds N]

The server must run on DATA_DIR with everything sealed (`POST /api/admin/seal`), so that both read the same rows.
Spanlake's time is what the server says that the statement took (`stats.elapsed_ms`); DuckDB runs in this process. Of each
question the fastest of N rounds counts, as caches are warm then and noise only adds. Answers are compared first: counts
and groups must agree, quantiles and distinct counts (both approximate) within 3 % and 20 %. Needs DuckDB's Python package.
"""

import argparse
import glob
import json
import math
import statistics
import time
import urllib.request

import duckdb

# (name, Spanlake, DuckDB, how answers are compared). Hot files hold physical columns: what SQL shows as `attributes['k']`
# is a promoted column, a column of that file called so, or an entry of the map `attributes`.
QUESTIONS = [
    ("count", "select count(*) from spans", None, "exact"),
    ("count filtered by number", "select count(*) from spans where duration > 50000000", None, "exact"),
    ("count errors", "select count(*) from spans where status_code = 'error'", None, "exact"),
    ("count by name pattern", "select count(*) from spans where name like 'GET %'", None, "exact"),
    ("group by service", "select service_name, count(*), avg(duration) from spans group by 1", None, "exact"),
    ("group by three", "select service_name, kind, status_code, count(*) from spans group by 1, 2, 3", None, "exact"),
    ("group by name", "select name, count(*), max(duration) from spans group by 1 order by 2 desc limit 20", None, "count"),
    ("quantiles by service",
     "select service_name, approx_percentile_cont(duration, 0.95) from spans group by 1",
     "select service_name, approx_quantile(duration, 0.95) from spans group by 1", "near"),
    ("quantile of all", "select approx_percentile_cont(duration, 0.99) from spans",
     "select approx_quantile(duration, 0.99) from spans", "near"),
    # Python has no moments with nanoseconds; DuckDB gives numbers instead.
    ("newest 20", "select span_id, start_time, name from spans order by start_time desc limit 20",
     "select span_id, epoch_ns(start_time), name from spans order by start_time desc limit 20", "count"),
    ("slowest 20", "select span_id, duration, name from spans order by duration desc limit 20", None, "count"),
    ("slowest 20 of a service",
     "select span_id, duration from spans where service_name = '{service}' order by duration desc limit 20", None, "count"),
    ("promoted attribute", "select count(*) from spans where attributes['http.response.status_code'] = '500'",
     "select count(*) from spans where http_response_status_code = 500", "exact"),
    ("promoted attribute grouped", "select http_route, count(*) from spans group by 1", None, "exact"),
    ("other attribute", "select count(*) from spans where attributes['messaging.client.id'] = '{client}'",
     'select count(*) from spans where "attributes[\'messaging.client.id\']" = \'{client}\'', "exact"),
    ("time series by second",
     "select date_trunc('second', start_time), count(*), sum(duration) from spans group by 1",
     "select epoch_ns(date_trunc('second', start_time)), count(*), sum(duration) from spans group by 1", "count"),
    ("error ratio by second and service",
     "select date_trunc('second', start_time), service_name, "
     "count(*) filter (where status_code = 'error') from spans group by 1, 2",
     "select epoch_ns(date_trunc('second', start_time)), service_name, "
     "count(*) filter (where status_code = 'error') from spans group by 1, 2", "count"),
    ("parents with children",
     "select p.service_name, c.service_name, count(*) from spans c join spans p "
     "on p.trace_id = c.trace_id and p.span_id = c.parent_span_id "
     "where c.start_time < {cut_spanlake} and p.start_time < {cut_spanlake} group by 1, 2",
     "select p.service_name, c.service_name, count(*) from spans c join spans p "
     "on p.trace_id = c.trace_id and p.span_id = c.parent_span_id "
     "where c.start_time < {cut_duckdb} and p.start_time < {cut_duckdb} group by 1, 2", "exact"),
    ("distinct traces", "select approx_distinct(trace_id) from spans",
     "select approx_count_distinct(trace_id) from spans", "distinct"),
    ("spans of failed traces",
     "select count(*) from spans where trace_id in (select trace_id from spans where status_code = 'error')", None, "exact"),
]


class Spanlake:
    def __init__(self, url):
        self.url = url

    def ask(self, sql):
        body = json.dumps({"query": sql}).encode()
        request = urllib.request.Request(f"{self.url}/api/sql", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request) as response:
            answer = json.load(response)
        return answer["rows"], answer["stats"]["elapsed_ms"]


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
    service = spanlake.ask("select service_name from spans group by 1 order by count(*) desc limit 1")[0][0][0]
    client = spanlake.ask("select attributes['messaging.client.id'] from spans "
                          "where attributes['messaging.client.id'] is not null limit 1")[0][0][0]
    (low, high), = spanlake.ask("select min(start_time)::bigint, max(start_time)::bigint from spans")[0]
    cut = int(low) + (int(high) - int(low)) // 10
    names = {
        "service": service, "client": client,
        "cut_spanlake": f"to_timestamp_nanos({cut})", "cut_duckdb": f"make_timestamp_ns({cut})::timestamptz",
    }
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
