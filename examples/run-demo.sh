#!/usr/bin/env bash
# Runs the python-shop until Ctrl-C, so that there is something to look at. Takes what the OTEL_* variables say;
# without any it sends to the ports where `spanlake serve` listens.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
shop=$here/python-shop
venv=${SPANLAKE_CACHE:-$HOME/.cache/spanlake}/venv-demo

wanted=$(sha256sum <"$shop/requirements.txt")
if [[ $(cat "$venv/.requirements" 2>/dev/null) != "$wanted" ]]; then
    echo "setting up the python-shop (once)"
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$shop/requirements.txt"
    echo "$wanted" >"$venv/.requirements"
fi

export OTEL_EXPORTER_OTLP_ENDPOINT=${OTEL_EXPORTER_OTLP_ENDPOINT:-http://127.0.0.1:4318}
# Sooner than the SDK's usual seconds, so that what happens can be watched.
export OTEL_BSP_SCHEDULE_DELAY=${OTEL_BSP_SCHEDULE_DELAY:-500}
export OTEL_BLRP_SCHEDULE_DELAY=${OTEL_BLRP_SCHEDULE_DELAY:-500}
export OTEL_METRIC_EXPORT_INTERVAL=${OTEL_METRIC_EXPORT_INTERVAL:-5000}
echo "two orders a second to $OTEL_EXPORTER_OTLP_ENDPOINT until Ctrl-C"
exec "$venv/bin/python" "$shop/shop.py" --forever
