#!/usr/bin/env bash
# A real MariaDB server of Debian's package mariadb-server-core, in a folder of its own.
#   mariadb.sh install DIR          check that the package is there
#   mariadb.sh start DIR PORT       initialise on first use, then start on 127.0.0.1:PORT (root, empty password)
#   mariadb.sh stop DIR PORT        shut that server down
# MYSQLD_ARGUMENTS are added to those of the start; BIND_ADDRESS may list more addresses.
# With MARIADB_PERFORMANCE_SCHEMA=OFF as Debian has it by default; otherwise it is on.
set -euo pipefail
. "$(dirname "$0")/common.sh"
verb=${1:?install, start or stop}
dir=$(mkdir -p "${2:?a folder}" && cd "$2" && pwd)

case $verb in
install)
  command -v mariadbd > /dev/null && command -v mariadb-install-db > /dev/null
  ;;
start)
  port=${3:?a port}
  data=$dir/data-$port
  if [ ! -d "$data/mysql" ]; then
    mariadb-install-db --no-defaults --user=root "--datadir=$data" --auth-root-authentication-method=normal \
      --skip-test-db > "$dir/init-$port.log" 2>&1
  fi
  setsid nohup mariadbd --no-defaults --user=root "--datadir=$data" "--port=$port" "--bind-address=${BIND_ADDRESS:-127.0.0.1}" \
    "--socket=$dir/$port.sock" "--pid-file=$dir/$port.pid" \
    "--performance-schema=${MARIADB_PERFORMANCE_SCHEMA:-ON}" ${MYSQLD_ARGUMENTS:-} > "$dir/$port.log" 2>&1 &
  await_port
  ;;
stop)
  port=${3:?a port}
  [ -s "$dir/$port.pid" ] && kill "$(cat "$dir/$port.pid")"
  ;;
*) echo "mariadb.sh: install, start or stop" >&2; exit 64 ;;
esac
