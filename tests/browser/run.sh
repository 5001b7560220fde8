#!/usr/bin/env bash
# The page in a real browser: first against the mock (every state there is), then against the binary with what a
# real SDK sent.
#
#   SPANLAKE_BIN=path/to/spanlake tests/browser/run.sh
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${SPANLAKE_CACHE:-$HOME/.cache/spanlake}
: "${SPANLAKE_BIN:?names the spanlake binary to test}"

data=$(mktemp -d)
server=
cleanup() {
    if [[ -n $server ]]; then
        kill "$server" 2>/dev/null || true
        # It writes what it holds before it ends.
        wait "$server" || true
    fi
    rm -rf "$data"
}
trap cleanup EXIT

(cd "$root/ui" && npm run --silent test:browser)

"$SPANLAKE_BIN" serve --data-dir "$data" --listen 127.0.0.1:0 --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 2>"$data/server.log" &
server=$!
for _ in $(seq 100); do
    [[ -s $data/ports.json ]] && break
    sleep 0.1
done
port() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$data/ports.json" "$1"; }

# The venv is the one that the interop tests made.
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT="http://$(port otlp_http)" \
    "$cache/venv-interop/bin/python" "$root/examples/python-shop/shop.py" --orders 20 >"$data/sent.json"

cd "$root/ui"
SPANLAKE_URL="http://$(port listen)" npm run --silent test:browser
