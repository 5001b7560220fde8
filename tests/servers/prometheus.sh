#!/usr/bin/env bash
# A real Prometheus beside the system, from Debian's unstable suite.
#   prometheus.sh install DIR          unpack prometheus and its C library below DIR (about 200 MB)
#   prometheus.sh start DIR PORT       start on 127.0.0.1:PORT with an empty store that takes remote write
#   prometheus.sh stop DIR PORT        shut that server down and delete its data
# Needs: Debian's apt with its usual package source. Nothing of the system is changed.
set -euo pipefail
. "$(dirname "$0")/common.sh"
verb=${1:?install, start or stop}
dir=$(mkdir -p "${2:?a folder}" && cd "$2" && pwd)
root=$dir/root
lib=$root/usr/lib/x86_64-linux-gnu

case $verb in
install)
  [ -x "$root/usr/bin/prometheus" ] && exit 0
  unpack prometheus libc6
  ;;
start)
  port=${3:?a port}
  data=$dir/data-$port
  rm -rf "$data" && mkdir -p "$data"
  # Samples of the past hour come out of order.
  printf 'storage:\n  tsdb:\n    out_of_order_time_window: 12h\n' > "$dir/$port.yml"
  prometheus=("$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$root/usr/bin/prometheus"
              "--config.file=$dir/$port.yml" "--storage.tsdb.path=$data" "--web.listen-address=127.0.0.1:$port"
              --web.enable-remote-write-receiver --enable-feature=promql-experimental-functions)
  setsid nohup "${prometheus[@]}" > "$dir/$port.log" 2>&1 &
  echo $! > "$dir/$port.pid"
  await_port
  ;;
stop)
  port=${3:?a port}
  if [ -s "$dir/$port.pid" ]; then
    pid=$(cat "$dir/$port.pid")
    kill "$pid" 2> /dev/null || true
    for _ in $(seq 50); do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
  fi
  rm -rf "$dir/data-$port"
  ;;
*) echo "prometheus.sh: install, start or stop" >&2; exit 64 ;;
esac
