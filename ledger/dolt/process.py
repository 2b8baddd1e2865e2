"""A Dolt server of our own: started with a home, a socket and a password of its own, and ended.

It listens on loopback alone, asks nobody's user folder for settings, and is known by its process.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pymysql

from ledger.store import StoreError

START_S: Final = 30.0
STOP_S: Final = 20.0
POLL_S: Final = 0.05
MEMORY: Final = "1GiB"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `url` opens a database of it."""

    host: str
    port: int
    password: str
    pid: int

    def url(self, database: str) -> str:
        """The address of a database, which is made where there is none."""
        with _connection(self) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        where = f"{self.host}:{self.port}/{database}"
        return f"mysql+pymysql://root:{self.password}@{where}?charset=utf8mb4"


def _connection(
    server: Server,
) -> "contextlib.closing[pymysql.connections.Connection[pymysql.cursors.Cursor]]":
    return contextlib.closing(
        pymysql.connect(host=server.host, port=server.port, user="root", password=server.password)
    )


@contextmanager
def dolt_server(binary: Path, folder: Path) -> Iterator[Server]:
    """A server over this folder, until the block ends. Raises StoreError."""
    data, home = folder / "data", folder / "home"
    for place in (data, home / ".dolt"):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = '{"versioncheck.disabled":"true","metrics.disabled":"true"}'
    (home / ".dolt" / "config_global.json").write_text(settings, encoding="utf-8")
    password = secrets.token_hex(16)
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603  # the binary that was chosen
        [
            str(binary), "sql-server", "-H", "127.0.0.1", "-P", str(port),
            "--data-dir", str(data), "--socket", str(folder / "s"), "-l", "warning",
        ],
        env=_environment(home, password),
        cwd=data,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    server = Server("127.0.0.1", port, password, process.pid)
    try:
        _until_up(process, server)
        yield server
    finally:
        _end(process)


def _environment(home: Path, password: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "DOLT_ROOT_PATH": str(home),
        "DOLT_ROOT_PASSWORD": password,
        "DOLT_ROOT_HOST": "localhost",
        "GOMEMLIMIT": MEMORY,
    }


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def _until_up(process: "subprocess.Popen[bytes]", server: Server) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StoreError(f"the Dolt server ended with code {process.returncode}")
        with contextlib.suppress(pymysql.MySQLError, OSError), _connection(server):
            return
        time.sleep(POLL_S)
    raise StoreError(f"the Dolt server did not answer within {START_S:.0f} s")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
