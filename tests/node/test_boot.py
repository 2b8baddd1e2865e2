"""Loading the engine, tried in processes of its own: no other way shows what a child inherits."""

import os
import platform
import sqlite3
import subprocess
import sys

import pytest

from ledger.dolt import open_doltlite
from ledger.dolt.engine import EngineError
from ledger.store import StoreDamagedError
from town.node.boot import MARKER, child_environment

ASK = "SELECT doltlite_engine()"
SAY_ENGINE = f"import sqlite3; print(sqlite3.connect(':memory:').execute('{ASK}').fetchone()[0])"
LOAD = "from town.node.boot import load_engine; load_engine(); "


def said(code: str, env: dict[str, str]) -> subprocess.CompletedProcess:
    """What a child process printed."""
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )


def test_the_engine_answers_in_a_fresh_process():
    """Loaded before sqlite3, it is the one behind it."""
    assert said(LOAD + SAY_ENGINE, child_environment(os.environ)).stdout.strip() == "prolly"


def test_a_child_that_inherits_the_marker_still_gets_the_engine():
    """The loader's own mark would make a child run stock SQLite, silently."""
    env = {**os.environ, MARKER: "1"}
    assert said(LOAD + SAY_ENGINE, env).stdout.strip() == "prolly"


def test_a_grandchild_gets_the_engine():
    """What load_engine leaves in the environment does not mislead the next process."""
    inner = (
        "import subprocess, sys; "
        f"child = subprocess.run([sys.executable, '-c', {LOAD + SAY_ENGINE!r}], "
        "capture_output=True, text=True); print(child.stdout)"
    )
    assert said(LOAD + inner, dict(os.environ)).stdout.strip() == "prolly"


def test_a_process_with_stock_sqlite_is_refused_and_told_the_ways_out():
    """Never another store: sqlite3 loaded first means a refusal with a code."""
    code = (
        "import sqlite3\n"
        "from town.node.boot import load_engine, EngineMissingError\n"
        "try:\n    load_engine()\nexcept EngineMissingError as error:\n"
        "    print(error.code, error.exit)\n"
        "except BaseException as error:\n    print('other', type(error).__name__, error)\n"
    )
    assert said(code, child_environment(os.environ)).stdout.strip() == "store.engine 6"


def test_the_environment_of_a_child_is_clean(monkeypatch):
    """Neither the marker nor the preload is handed on; what others preload stays."""
    env = {MARKER: "1", "LD_PRELOAD": "/lib/libdoltlite.so:/lib/other.so", "A": "b"}
    assert child_environment(env) == {"LD_PRELOAD": "/lib/other.so", "A": "b"}


def test_a_file_of_stock_sqlite_is_refused(tmp_path):
    """A file that another engine made is never written."""
    path = tmp_path / "stock.db"
    script = f"import sqlite3; sqlite3.connect({str(path)!r}).execute('CREATE TABLE t (a)')"
    env = child_environment(os.environ)
    subprocess.run([sys.executable, "-c", script], env=env, check=True)
    with pytest.raises(EngineError, match="another engine"):
        open_doltlite(path, town="rust")


def test_a_file_that_is_no_database_is_damaged(tmp_path):
    """Bytes that are no database are said to be damaged, not overwritten."""
    path = tmp_path / "noise.db"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(StoreDamagedError):
        open_doltlite(path, town="rust")
    assert path.read_bytes().startswith(b"this is no database")
    assert sqlite3.sqlite_version


AFTER_A_BURST = """
import sys
from pathlib import Path
from town.node.boot import give_back_memory
if sys.argv[1] == "given back":
    give_back_memory()
pages = lambda: int(Path("/proc/self/statm").read_text().split()[1])
before = pages()
bytearray(30 << 20)  # one great block lets the library keep all smaller ones from then on
burst, kept = [], []
for _ in range(40):
    burst.append(bytearray(b"x") * (2 << 20))
    kept.append(bytearray(b"x") * 900)  # lies behind it
del burst
print((pages() - before) >> 8)
"""


def left(how: str) -> int:
    """MiB that a process keeps after 80 MiB in blocks, between which something small stayed."""
    argv = [sys.executable, "-c", AFTER_A_BURST, how]
    return int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def test_what_a_burst_took_is_given_back():
    """A node is not for ever as large as its join was."""
    assert left("given back") < 10


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another library gives back by itself"
)
def test_without_it_the_library_keeps_it():
    """Else the settings above would be needless."""
    assert left("kept") > 60
