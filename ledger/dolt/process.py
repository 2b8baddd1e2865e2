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

START_S: Final = 120.0
STOP_S: Final = 20.0
POLL_S: Final = 0.05
LOOK_S: Final = 5.0  # whoever has the port instead may accept a line and say nothing
MEMORY: Final = "1GiB"
PORTS: Final = range(12_000, 30_000)  # what the system gives out by itself lies above
PORTS_TRIED: Final = 5


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
    server: Server, *, read_s: float | None = None
) -> "contextlib.closing[pymysql.connections.Connection[pymysql.cursors.Cursor]]":
    return contextlib.closing(
        pymysql.connect(
            host=server.host,
            port=server.port,
            user="root",
            password=server.password,
            read_timeout=read_s,
        )
    )


@contextmanager
def dolt_server(binary: Path, folder: Path) -> Iterator[Server]:
    """A server over this folder, until the block ends. Raises StoreError."""
    data, home = folder / "data", folder / "home"
    for place in (data, home / ".dolt"):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = '{"versioncheck.disabled":"true","metrics.disabled":"true"}'
    (home / ".dolt" / "config_global.json").write_text(settings, encoding="utf-8")
    process, server = _started(binary, folder)
    try:
        yield server
    finally:
        _end(process)


def _started(binary: Path, folder: Path) -> "tuple[subprocess.Popen[bytes], Server]":
    """A server that answers. One whose port was taken meanwhile ends, and another is tried."""
    password = secrets.token_hex(16)  # the first of them may have written it down
    code: int | None = None
    for _ in range(PORTS_TRIED):
        process, server = _begun(binary, folder, password)
        try:
            if _is_up(process, server):
                return process, server
        except BaseException:
            _end(process)
            raise
        code = process.returncode
    raise StoreError(f"the Dolt server ended with code {code}")


def _begun(binary: Path, folder: Path, password: str) -> "tuple[subprocess.Popen[bytes], Server]":
    port, data = _free_port(), folder / "data"
    process = subprocess.Popen(  # noqa: S603  # the binary that was chosen
        [
            str(binary), "sql-server", "-H", "127.0.0.1", "-P", str(port),
            "--data-dir", str(data), "--socket", str(folder / "s"), "-l", "warning",
        ],
        env=_environment(folder / "home", password),
        cwd=data,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    return process, Server("127.0.0.1", port, password, process.pid)


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
    while True:
        port = secrets.choice(PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _is_up(process: "subprocess.Popen[bytes]", server: Server) -> bool:
    """Whether it answers; False where it has ended. Raises StoreError where it does neither."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        with contextlib.suppress(pymysql.MySQLError, OSError), _connection(server, read_s=LOOK_S):
            return True
        time.sleep(POLL_S)
    raise StoreError(f"the Dolt server did not answer within {START_S:.0f} s")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
