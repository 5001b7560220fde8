#!/usr/bin/env bash
# A real MariaDB server of Debian's packages mariadb-server-core and mariadb-client-core, in a folder of its own.
#   mariadb.sh install DIR          check that the packages are there
#   mariadb.sh start DIR PORT       initialise on first use, then start on 127.0.0.1:PORT (root, empty password)
#   mariadb.sh stop DIR PORT        shut that server down
# MYSQLD_ARGUMENTS are added to those of the start; BIND_ADDRESS may list more addresses.
# With MARIADB_PERFORMANCE_SCHEMA=OFF as Debian has it by default; otherwise it is on.
set -euo pipefail
. "$(dirname "$0")/common.sh"
verb=${1:?install, start or stop}
dir=$(mkdir -p "${2:?a folder}" && cd "$2" && pwd)
# With some kernels MariaDB waits for ever for an io_uring that has finished.
no_uring=--innodb-use-native-aio=0

case $verb in
install)
  # The last is of mariadb-client-core, on which the server's package does not depend.
  for tool in mariadbd mariadb-install-db my_print_defaults; do command -v "$tool" > /dev/null; done
  ;;
start)
  port=${3:?a port}
  data=$dir/data-$port
  if [ ! -d "$data/mysql" ]; then
    # Beside its place until it is whole, so that a cut one is not taken for initialised.
    rm -rf "$data.new"
    timeout --signal=KILL 120 mariadb-install-db --no-defaults --user=root "--datadir=$data.new" --auth-root-authentication-method=normal \
      --skip-test-db "$no_uring" > "$dir/init-$port.log" 2>&1
    rm -rf "$data"
    mv "$data.new" "$data"
  fi
  setsid nohup mariadbd --no-defaults --user=root "--datadir=$data" "--port=$port" "--bind-address=${BIND_ADDRESS:-127.0.0.1}" \
    "--socket=$dir/$port.sock" "--pid-file=$dir/$port.pid" \
    "--performance-schema=${MARIADB_PERFORMANCE_SCHEMA:-ON}" "$no_uring" ${MYSQLD_ARGUMENTS:-} > "$dir/$port.log" 2>&1 &
  await_port
  ;;
stop)
  port=${3:?a port}
  [ -s "$dir/$port.pid" ] && kill "$(cat "$dir/$port.pid")"
  ;;
*) echo "mariadb.sh: install, start or stop" >&2; exit 64 ;;
esac
