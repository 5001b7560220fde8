#!/usr/bin/env bash
# Drives the spanlake binary with the real SDKs of three languages and with a strict client.
#
#   SPANLAKE_BIN=path/to/spanlake tests/interop/run.sh [pytest's own arguments]
#
# Sets up what it needs: a venv in the cache folder, node_modules of the node-shop, and the rust-shop
# (RUST_SHOP_BIN skips building it).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${SPANLAKE_CACHE:-$HOME/.cache/spanlake}
: "${SPANLAKE_BIN:?names the spanlake binary to test}"
SPANLAKE_BIN=$(realpath "$SPANLAKE_BIN")
export SPANLAKE_BIN

digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

venv=$cache/venv-interop
wanted=$(digest "$here/requirements.txt" "$root/examples/python-shop/requirements.txt")
if [[ $(cat "$venv/.requirements" 2>/dev/null) != "$wanted" ]]; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    echo "$wanted" >"$venv/.requirements"
fi

node_shop=$root/examples/node-shop
wanted=$(digest "$node_shop/package-lock.json")
if [[ $(cat "$node_shop/node_modules/.lock-digest" 2>/dev/null) != "$wanted" ]]; then
    (cd "$node_shop" && npm ci --silent --no-audit --no-fund)
    echo "$wanted" >"$node_shop/node_modules/.lock-digest"
fi

if [[ -z ${RUST_SHOP_BIN:-} ]]; then
    export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
    # --workspace: with the features that the other builds have, so that nothing is built twice.
    (cd "$root" && cargo build --quiet --release --workspace --bin rust-shop)
    RUST_SHOP_BIN=$CARGO_TARGET_DIR/release/rust-shop
fi
export RUST_SHOP_BIN

cd "$here"
exec "$venv/bin/python" -m pytest -rs -p no:cacheprovider "$@"
