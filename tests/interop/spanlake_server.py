"""The real server under test: one process of the binary that SPANLAKE_BIN names, and its native API.

Owns the process, its data folder's ports file and the calls of `docs/api.md`. Never sends telemetry: that is
`otlp.py` and the shops.
"""

import json
import os
import signal
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path

READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60


class Spanlake:
    def __init__(self, data_dir: Path, environment: dict[str, str] | None = None):
        self.data_dir = data_dir
        self.environment = environment or {}
        self.log_path = data_dir.with_suffix(".log")
        self.process = None
        self.ports = {}

    # === the process ===

    def start(self):
        ports_file = self.data_dir / "ports.json"
        ports_file.unlink(missing_ok=True)
        command = [
            os.environ["SPANLAKE_BIN"], "serve", "--data-dir", str(self.data_dir),
            "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0",
        ]  # fmt: skip
        with self.log_path.open("ab") as log:
            environment = os.environ | self.environment
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not (ports_file.exists() and self._is_ready(ports_file)):
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server is not ready after {READY_TIMEOUT_S} s:\n{self.log_tail()}")
            time.sleep(0.02)
        return self

    def _is_ready(self, ports_file: Path) -> bool:
        try:
            self.ports = json.loads(ports_file.read_text())
            return self.get_status("/readyz") == 200
        except (ValueError, OSError):
            return False  # half written, or not listening yet

    def stop(self):
        """SIGTERM, as an orderly stop sends it; a server that does not follow is a failure."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the server runs {STOP_TIMEOUT_S} s after SIGTERM:\n{self.log_tail()}") from None
        assert code == 0, f"exit code {code} after SIGTERM:\n{self.log_tail()}"

    def kill(self):
        """SIGKILL: nothing can be finished."""
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()

    def log_tail(self) -> str:
        return self.log_path.read_text(errors="replace")[-4000:]

    # === where it listens ===

    @property
    def otlp_grpc(self) -> str:
        return self.ports["otlp_grpc"]

    @property
    def otlp_http(self) -> str:
        return self.ports["otlp_http"]

    # === the native API ===

    def request(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        connection = HTTPConnection(self.ports["listen"], timeout=60)
        try:
            headers = {"content-type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def get_status(self, path: str) -> int:
        connection = HTTPConnection(self.ports["listen"], timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def sql(self, query: str) -> list[list]:
        status, answer = self.request("POST", "/api/sql", {"query": query})
        assert status == 200, f"{query}: {status} {answer}"
        assert not answer["stats"]["truncated"], query
        return answer["rows"]

    def sql_value(self, query: str):
        ((value,),) = self.sql(query)
        return value

    def records(self, query: str) -> list[dict]:
        """Rows by column name."""
        status, answer = self.request("POST", "/api/sql", {"query": query})
        assert status == 200, f"{query}: {status} {answer}"
        names = [column["name"] for column in answer["columns"]]
        return [dict(zip(names, row, strict=True)) for row in answer["rows"]]

    def trace(self, trace_id: str) -> dict:
        status, answer = self.request("GET", f"/api/traces/{trace_id}")
        assert status == 200, f"trace {trace_id}: {status} {answer}"
        return answer

    def metrics(self, start: str = "") -> dict[str, dict]:
        status, answer = self.request("GET", "/api/metrics" + (f"?start={start}" if start else ""))
        assert status == 200, answer
        return {metric["name"]: metric for metric in answer["metrics"]}
