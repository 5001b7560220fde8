"""Fixtures: fresh servers. Without SPANLAKE_BIN there is nothing to test, and that is an error, not a skip."""

import os
from pathlib import Path

import pytest

from spanlake_server import Spanlake


def pytest_configure(config):
    binary = os.environ.get("SPANLAKE_BIN")
    if not binary or not os.access(binary, os.X_OK):
        raise pytest.UsageError(f"SPANLAKE_BIN={binary}: expected the path of the spanlake binary")
    os.environ["SPANLAKE_BIN"] = str(Path(binary).resolve())


@pytest.fixture
def server(tmp_path):
    """A server of the test's own, with nothing in it."""
    yield from run_server(tmp_path)


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    """One server for all tests of a module, which therefore send trace ids and names of their own."""
    yield from run_server(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def other_server(tmp_path_factory):
    """A second one, to compare with."""
    yield from run_server(tmp_path_factory.mktemp("other"))


def run_server(folder: Path):
    spanlake = Spanlake(folder / "data")
    try:
        yield spanlake.start()
    finally:
        spanlake.close()
