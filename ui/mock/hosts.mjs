// Owns the mock's hosts: two that a node_exporter speaks for, one that sends OpenTelemetry's host metrics. Waves that depend
// on the time alone, as all of the mock's series.
const GB = 1e9;
const NODES = ["web-1:9100", "db-1:9100"];
const OTEL = ["app-1"];
/** Name, type, more labels with the value of each: a number, or one that grows by so much a second. */
const NODE = [
  ["node_load1", "gauge", [[{}, 1.4]]], ["node_time_seconds", "gauge", [[{}, "now"]]], ["node_boot_time_seconds", "gauge", [[{}, "boot"]]],
  ["node_cpu_seconds_total", "counter", [[{ cpu: "0", mode: "idle" }, 0.71], [{ cpu: "0", mode: "user" }, 0.2], [{ cpu: "0", mode: "system" }, 0.07], [{ cpu: "0", mode: "iowait" }, 0.02]]],
  ["node_memory_MemTotal_bytes", "gauge", [[{}, 16 * GB, 0]]], ["node_memory_MemAvailable_bytes", "gauge", [[{}, 6.1 * GB]]],
  ["node_filesystem_size_bytes", "gauge", [[{ device: "sda1", fstype: "ext4", mountpoint: "/" }, 100 * GB, 0], [{ device: "sdb1", fstype: "xfs", mountpoint: "/data" }, 500 * GB, 0]]],
  ["node_filesystem_avail_bytes", "gauge", [[{ device: "sda1", fstype: "ext4", mountpoint: "/" }, 43 * GB, 0.1], [{ device: "sdb1", fstype: "xfs", mountpoint: "/data" }, 61 * GB, 0.1]]],
  ["node_network_receive_bytes_total", "counter", [[{ device: "eth0" }, 2.1e6], [{ device: "lo" }, 9e6]]], ["node_network_transmit_bytes_total", "counter", [[{ device: "eth0" }, 1.3e6]]],
  ["node_network_receive_errs_total", "counter", [[{ device: "eth0" }, 0]]], ["node_network_transmit_errs_total", "counter", [[{ device: "eth0" }, 0]]],
  ["node_network_receive_drop_total", "counter", [[{ device: "eth0" }, 0.02]]], ["node_network_transmit_drop_total", "counter", [[{ device: "eth0" }, 0]]],
  ["node_disk_read_bytes_total", "counter", [[{ device: "sda" }, 4e5]]], ["node_disk_written_bytes_total", "counter", [[{ device: "sda" }, 1.9e6]]],
];
const SYSTEM = [
  ["system_cpu_load_average_1m", "gauge", [[{}, 0.8]]], ["system_uptime_seconds", "gauge", [[{}, 86_400 * 3, 0]]],
  ["system_cpu_time_seconds_total", "counter", [[{ state: "idle" }, 0.55], [{ state: "user" }, 0.33], [{ state: "system" }, 0.12]]],
  ["system_memory_usage_bytes", "gauge", [[{ state: "used" }, 3.1 * GB], [{ state: "free" }, 1.2 * GB], [{ state: "cached" }, 3.7 * GB]]],
  ["system_filesystem_usage_bytes", "gauge", [[{ device: "nvme0", type: "ext4", mountpoint: "/", state: "used" }, 34 * GB, 0.1], [{ device: "nvme0", type: "ext4", mountpoint: "/", state: "free" }, 16 * GB, 0.1]]],
  ["system_network_io_bytes_total", "counter", [[{ device: "eth0", direction: "receive" }, 8e5], [{ device: "eth0", direction: "transmit" }, 5e5]]],
  ["system_network_errors_total", "counter", [[{ device: "eth0", direction: "receive" }, 0]]], ["system_network_dropped_total", "counter", [[{ device: "eth0", direction: "receive" }, 0.01]]],
  ["system_disk_io_bytes_total", "counter", [[{ device: "nvme0", direction: "read" }, 2e5], [{ device: "nvme0", direction: "write" }, 7e5]]],
];

export const HOSTS = [...OTEL, ...NODES].sort();

/** `waveOf` is one of about 1; how much of it a value follows is `share`. */
export function hostMetrics(waveOf) {
  const levelOf = (value, share, index) => (ms) => (value === "now" ? ms / 1000 : value === "boot" ? Math.floor(ms / 1e9) * 1e6 - 4e5 : value * (1 + share * (waveOf(ms, index) - 1)));
  const metrics = (list, hosts, labelled) => list.map(([name, type, rows]) => ({
    name, type, unit: "", help: "",
    series: hosts.flatMap((host, place) => rows.map(([labels, value, share = 0.6], index) => ({ labels: { ...labelled(host), ...labels }, hidden: {}, level: levelOf(value, share, index + place * 3), perSecond: () => 1, index }))),
  }));
  return [...metrics(NODE, NODES, (host) => ({ instance: host, job: "node" })), ...metrics(SYSTEM, OTEL, (host) => ({ host_name: host, job: "otelcol" }))];
}
