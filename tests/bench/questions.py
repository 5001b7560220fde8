"""Twenty questions to spans, for Spanlake and for DuckDB, and how they are asked of a server."""

import json
import urllib.request

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

    def names(self):
        """What stands in the questions for parts of the data."""
        service = self.ask("select service_name from spans group by 1 order by count(*) desc limit 1")[0][0][0]
        client = self.ask("select attributes['messaging.client.id'] from spans "
                          "where attributes['messaging.client.id'] is not null limit 1")[0][0][0]
        (low, high), = self.ask("select min(start_time)::bigint, max(start_time)::bigint from spans")[0]
        cut = int(low) + (int(high) - int(low)) // 10
        return {
            "service": service, "client": client,
            "cut_spanlake": f"to_timestamp_nanos({cut})", "cut_duckdb": f"make_timestamp_ns({cut})::timestamptz",
        }
