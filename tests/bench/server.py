"""Starting a server on a data directory, for measurements."""

import json
import os
import subprocess
import time
import urllib.request


def start(binary, data_dir, **settings):
    """A server, its ports, and the seconds until it was ready. Settings as in the environment, without `SPANLAKE_`."""
    environment = {
        "PATH": os.environ["PATH"],
        "SPANLAKE_DATA_DIR": data_dir,
        "SPANLAKE_LISTEN": "127.0.0.1:0",
        "SPANLAKE_OTLP_GRPC": "127.0.0.1:0",
        "SPANLAKE_OTLP_HTTP": "127.0.0.1:0",
        "SPANLAKE_HOT_COMPACTION": "false",
        "SPANLAKE_SELF_TELEMETRY_MODE": "off",
        **{f"SPANLAKE_{name}": str(value) for name, value in settings.items()},
    }
    ports_file = os.path.join(data_dir, "ports.json")
    if os.path.exists(ports_file):
        os.remove(ports_file)
    began = time.monotonic()
    server = subprocess.Popen([binary, "serve"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        try:
            with open(ports_file) as file:
                ports = json.load(file)
            with urllib.request.urlopen(f"http://{ports['listen']}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return server, ports, time.monotonic() - began
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.002)


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def cpu_seconds(process):
    """Processor time that the process has taken."""
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_at_rest(process):
    """Processor time until it takes none any more."""
    taken = None
    while taken != (taken := round(cpu_seconds(process), 1)):
        time.sleep(3)
    return cpu_seconds(process)
