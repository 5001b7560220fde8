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

case $verb in
install)
  # The last is of mariadb-client-core, on which the server's package does not depend.
  for tool in mariadbd mariadb-install-db my_print_defaults; do command -v "$tool" > /dev/null; done
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
