// Owns the statements offered to start from. They use only tables and columns that docs/api.md and the schema name.
import { texts } from "../texts";

export interface SqlExample {
  title: string;
  query: string;
}

export const SQL_EXAMPLES: readonly SqlExample[] = [
  {
    title: texts.sql.exampleTitles.errors,
    query: "select start_time, trace_id, service_name, name, duration, status_message\nfrom spans\nwhere status_code = 'error'\norder by start_time desc\nlimit 100",
  },
  {
    title: texts.sql.exampleTitles.perMinute,
    query: "select date_bin(interval '1 minute', start_time) as minute,\n       count(*) as spans,\n       count(*) filter (where status_code = 'error') as errors\nfrom spans\nwhere start_time > now() - interval '1 hour'\ngroup by 1\norder by 1",
  },
  {
    title: texts.sql.exampleTitles.slowest,
    query: "select service_name, name,\n       count(*) as spans,\n       approx_percentile_cont(duration, 0.95) / 1e6 as p95_ms\nfrom spans\nwhere start_time > now() - interval '1 hour'\ngroup by service_name, name\norder by p95_ms desc\nlimit 30",
  },
  {
    title: texts.sql.exampleTitles.byService,
    query: "select service_name, count(*) as spans\nfrom spans\ngroup by service_name\norder by spans desc",
  },
  {
    title: texts.sql.exampleTitles.oneRoute,
    query: "select start_time, trace_id, service_name, http_response_status_code, duration\nfrom spans\nwhere http_route = '/checkout'\n  and duration > 500000000\norder by duration desc\nlimit 50",
  },
  {
    title: texts.sql.exampleTitles.errorLogs,
    query: "select time, severity_text, service_name, body, trace_id\nfrom logs\nwhere severity_number >= 17\norder by time desc\nlimit 100",
  },
  {
    title: texts.sql.exampleTitles.byAttribute,
    query: "select start_time, trace_id, name, attributes['app.user.id'] as user_id\nfrom spans\nwhere attributes['app.user.id'] is not null\norder by start_time desc\nlimit 100",
  },
];
