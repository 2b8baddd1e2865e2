"""A Dolt server of our own starts on a port that nobody has, or says that it did not."""

import socket
from pathlib import Path

import pytest

from ledger.dolt import process
from ledger.store import StoreError
from tests.house import parts


@pytest.mark.dolt
def test_a_port_that_somebody_took_meanwhile_is_left_to_him(tmp_path, monkeypatch):
    """Between the look for a port and the start of the server anybody may have it."""
    free = process._free_port
    monkeypatch.setattr(process, "LOOK_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr(process, "_free_port", lambda: next(ports, None) or free())
        with process.dolt_server(Path(parts.dolt()), tmp_path) as server:
            assert server.port != taken.getsockname()[1]
            assert server.url("here").endswith("/here?charset=utf8mb4")


def test_a_program_that_only_ends_is_no_server(tmp_path):
    """Its code is told, after a few ports."""
    binary = tmp_path / "dolt"
    binary.write_text("#!/bin/sh\necho x >> begun\nexit 3\n")
    binary.chmod(0o755)
    with pytest.raises(StoreError, match="code 3"), process.dolt_server(binary, tmp_path / "at"):
        pass
    begun = (tmp_path / "at" / "data" / "begun").read_text()
    assert len(begun.split()) == process.PORTS_TRIED
