//! The table of all settings. A row is the key (which is the path of the field), its form, its default and what the
//! documentation says; everything else is made from it.

use super::document::Node;
use super::forms;
use super::values::Config;

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Dotted, as in the file.
    pub(super) key: &'static str,
    /// Name of its form in [`forms`].
    pub(super) form: &'static str,
    /// Least and greatest value, written as one writes the setting.
    pub(super) range: Option<(&'static str, &'static str)>,
    /// As one would write it; empty for none.
    pub(super) default: &'static str,
    pub(super) flag: Option<&'static str>,
    /// Sentences of the documentation.
    pub(super) doc: &'static str,
    pub(super) set: fn(&mut Config, &Node) -> Result<(), String>,
}

impl Setting {
    /// The environment variable that overrides it.
    pub(super) fn variable(&self) -> String {
        format!("SPANLAKE_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// The part of the key before the dot, empty for a key without one.
    pub(super) fn group(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(group, _)| group)
    }
}

pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

macro_rules! settings {
    ($($field:ident $(. $inner:ident)? : $form:ident $([$least:literal, $most:literal])? = $default:literal $(, flag $flag:literal)?; $doc:literal)+) => {
        pub(super) static SETTINGS: &[Setting] = &[$(Setting {
            key: concat!(stringify!($field) $(, ".", stringify!($inner))?),
            form: stringify!($form),
            range: settings!(@option $($least, $most)?),
            default: $default,
            flag: settings!(@option $($flag)?),
            doc: $doc,
            set: |config, node| {
                config.$field$(.$inner)? = forms::$form(node, settings!(@option $($least, $most)?))?;
                Ok(())
            },
        }),+];
    };
    (@option) => { None };
    (@option $one:expr) => { Some($one) };
    (@option $least:expr, $most:expr) => { Some(($least, $most)) };
}

settings! {
    data_dir: path = "./data", flag "--data-dir";
    "Folder of everything that is kept; made when it is not there. One process at a time."
    listen: address = "127.0.0.1:4300", flag "--listen";
    "Where the page, the API and SQL are. An address that others can reach needs `token_file` or `insecure`."
    otlp_grpc: address = "127.0.0.1:4317", flag "--otlp-grpc";
    "Where OTLP over gRPC is taken."
    otlp_http: address = "127.0.0.1:4318", flag "--otlp-http";
    "Where OTLP over HTTP is taken, protobuf and JSON."
    token_file: optional_path = "", flag "--token-file";
    "File with one line, the token that every `/api` route then wants as `Authorization: Bearer …`."
    insecure: boolean = "false", flag "--insecure";
    "Lets `listen` be an address that others can reach without a token."
    allowed_hosts: words = "";
    "Host names, beside addresses and `localhost`, under which browsers may ask `listen`; others are refused (DNS rebinding)."
    frame_ancestors: words = "";
    "Origins, such as `https://wiki.example`, whose pages may show the page in a frame (docs/embed.md). Empty: none."

    receiver.http_body_bytes_max: bytes ["64KiB", "1GiB"] = "64MiB";
    "Largest body over HTTP, as received and once inflated; larger ones are 413."
    receiver.grpc_message_bytes_max: bytes ["64KiB", "1GiB"] = "16MiB";
    "Largest message over gRPC, as received and once inflated; larger ones are RESOURCE_EXHAUSTED."
    receiver.cors_allowed_origins: words = "http://localhost:*, http://127.0.0.1:*";
    "Origins whose pages may send: exact, with a `*` in them, or `*`. `:*` at the end is any port or none."
    receiver.attributes_per_item_max: count ["16", "65536"] = "4096";
    "Attributes kept of one span, event, link, log record, data point, scope or resource; what is over is dropped and counted."
    receiver.value_depth_max: count ["1", "64"] = "32";
    "Nesting of arrays and key-value lists in one value; items with deeper ones are rejected."
    receiver.body_timeout: duration ["1s", "1h"] = "30s";
    "How long a small body may take to arrive; large ones get more, at 16 KiB a second."

    log.durability: durability = "fsync";
    "What an acknowledgement survives: `fsync` a power cut, `os` a killed process only."
    log.segment_bytes: bytes ["1MiB", "4GiB"] = "64MiB";
    "Size of one file of the write-ahead log, allocated beforehand."

    hot.memory_bytes_max: bytes ["16MiB", "1TiB"] = "192MiB";
    "What ingest may take of memory: unsealed rows and requests in flight two thirds, beyond which senders are told to retry (503, UNAVAILABLE); the rest is for sealing them."
    hot.seal_bytes: bytes ["1MiB", "64GiB"] = "48MiB";
    "Unsealed bytes at which rows are sorted and written as Parquet."
    hot.seal_interval: duration ["100ms", "1h"] = "30s";
    "Age of the oldest unsealed row at which rows are written, however few they are."
    hot.compaction: boolean = "true";
    "Whether small files are merged into large ones, hour by hour."

    hot.age_max: duration ["1s", "100000d"] = "6h";
    "How long rows stay in the hot tier after their receipt; then their hour moves to the cold one."
    hot.bytes_max: optional_bytes ["0", "1000000TiB"] = "";
    "Bytes of hot files above which the oldest hours move sooner; empty for 20 GB or half of the free disk, whichever is less."
    hot.disk_bytes_max: optional_bytes ["1MiB", "1000000TiB"] = "";
    "Bytes of hot files and the log at which senders are told to retry (503, UNAVAILABLE): what waits while the cold tier cannot be reached. Nothing is thrown away."

    cold.url: text = "";
    "Where the cold tier is: a folder, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`; empty for the folder `cold` in `data_dir`, `none` for no cold tier. Each table there is a Delta Lake table."
    cold.options: options = "";
    "Options of the bucket's client as `name=value`, such as `aws_endpoint=…`, `aws_region=…`, `aws_access_key_id=…`; they go before the environment's (`AWS_…`, `GOOGLE_…`, `AZURE_…`). Values are never shown."
    cold.adopt: boolean = "false", flag "--adopt-cold";
    "Takes over a cold tier that another installation wrote, whose server is gone for good."
    cold.removed_kept: duration ["0s", "365d"] = "1h";
    "How long a cold file that is data no more stays, for readers of the Delta tables that have just begun."
    cold.cache_bytes_max: bytes ["0", "1000TiB"] = "2GiB";
    "Bytes of a bucket's files that stay on the local disk (`cold-cache` in `data_dir`) once they were read."

    sampling.day_bytes: optional_bytes ["1MiB", "1000000TiB"] = "";
    "Bytes by which the cold tier may grow in any 24 hours, spans and logs with a trace id; whole traces are chosen for it, with their probabilities. Empty: every trace is kept."
    sampling.rules: sampling_rules = "";
    "Which traces are always kept, dropped by name, or kept with at least some probability: a list of `{name, action, services, operations, attributes, status, duration_min_ms, …}`, see docs/sampling.md. Elsewhere the same as JSON."

    sampling.door: sampling_door = "";
    "What passes before anything is stored, for those whose hot disk is small: by service a probability, or the bytes a second that are let in on average. Whole traces, with their weights. Empty: everything passes."
    sampling.head: sampling_head = "";
    "What clients are told to send, as Jaeger's remote sampling at `/api/sampling?service=` and `/sampling?service=` on `listen`. Empty: they are told nothing (404)."
    sampling.red_dimensions: words = "";
    "Attributes of spans by which `span_red` counts apart, beside service, operation, kind and status: at most four keys, such as `http.route`. Each value multiplies rows; at 20,000 series the rest share one."
    sampling.overload_cpu_percent: count ["0", "100"] = "0";
    "Share of the machine's processors beyond which, for longer than two seconds, a part of the traces is held back at the door, with weights, until it is less again; work in the background does not count. 0: never. Linux only."
    sampling.overload_memory_bytes: optional_bytes ["1MiB", "1TiB"] = "";
    "The same for unsealed rows and requests in flight; less than two thirds of `hot.memory_bytes_max`, at which senders are told to retry. Empty: never."

    metrics.series_max: count ["1", "100000000"] = "2000000";
    "Metric series that may be active, which is for a day after their last point. Points of new ones beyond it are not refused: they go to a series of their metric and resource with `otel.metric.overflow=true` (docs/promql.md)."
    metrics.series_per_metric_max: count ["1", "100000000"] = "200000";
    "The same for the series of one metric's name."
    metrics.values_per_label_max: count ["1", "100000000"] = "100000";
    "The same for the values that one label of a metric's name gets with series that began in the last day."

    retention.spans: optional_duration ["1h", "100000d"] = "";
    "How long spans are kept after the hour that they are filed under; then whole files go."
    retention.logs: optional_duration ["1h", "100000d"] = "";
    "The same for logs."
    retention.metrics: optional_duration ["1h", "100000d"] = "";
    "The same for points, histograms, summaries and exemplars."
    retention.bytes_max: optional_bytes ["1MiB", "1000000TiB"] = "";
    "Bytes of all files; beyond it the oldest hours go, of all tables."
    retention.services: service_durations ["1h", "100000d"] = "";
    "Services whose rows, of every table, are kept for as long as this instead of as long as the table's; longer or shorter."

    query.memory_bytes_max: bytes ["16MiB", "1TiB"] = "256MiB";
    "Memory of all running statements together."
    query.timeout: duration ["100ms", "1h"] = "30s";
    "A statement that takes longer is cancelled (504)."
    query.rows_max: count ["1", "10000000"] = "100000";
    "Most rows of an answer as JSON; a longer one is cut and says so."
    query.concurrency: count ["1", "1024"] = "8";
    "Statements that run at once; others are told to retry (503)."
    query.threads: count ["0", "1024"] = "0";
    "Threads of the query engine; 0 is one a core."

    self_telemetry.mode: self_telemetry_mode = "self", flag "--self-telemetry";
    "Where the server's own spans and metrics go: `self` into itself, as service `spanlake`; `otlp` to `self_telemetry.endpoint`; `off` nowhere."
    self_telemetry.endpoint: endpoint = "";
    "Base of an OTLP/HTTP endpoint, such as `http://collector:4318`."
    self_telemetry.interval: duration ["1s", "1h"] = "10s";
    "How often own metrics are sent."

    mysql: mysql_sources = "", flag "--mysql";
    "MySQL and MariaDB servers to poll. In the file a list of `mysql://user:password@host:port/`, or of `{url, interval, slow_log, error_log}`; the interval is 1s by default, the logs are files on this machine (docs/mysql.md). Elsewhere URLs with commas or spaces between; in a password write `,` as `%2C`, `@` as `%40`, `/` as `%2F`."
    scrape_config_file: scrape_config = "", flag "--scrape-config";
    "A configuration of Prometheus whose `scrape_configs` are scraped into `metrics` (docs/promql.md). Checked at the start; relative paths in it are relative to its folder."
    rule_files: rule_files = "", flag "--rule-file";
    "Files of rules in Prometheus's form: recording rules, whose results become series, and alerting rules, whose states are at `/prometheus/api/v1/alerts` and in the series `ALERTS` (docs/promql.md). A list of paths; a `*` in a file's name stands for any letters. Checked at the start."
    rule_interval: duration ["1s", "1d"] = "1m";
    "How often groups of rules are evaluated that do not say it themselves (`evaluation_interval` of Prometheus)."
    dashboard_dir: optional_path = "", flag "--dashboard-dir";
    "Folder of dashboards as `.json` files, for version control: shown beside those that the server keeps, named as the files are, read anew when they change, and never written (docs/dashboards.md)."
}
