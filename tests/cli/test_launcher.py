import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import launcher
from cli.launcher import HERE, connect, first_word
from tests.house.tree import ROOT
from town.node import frames
from town.node.place import asked_home, socket_is_ours, socket_path

# What a start may cost: none of these, and nothing that brings them along.
HEAVY = {
    *("typer", "click", "pydantic", "rich", "sqlalchemy", "aiohttp", "asyncio", "structlog"),
    *("msgspec", "nacl", "cryptography", "doltlite", "sqlite3", "psutil", "logging"),
    *("ssl", "http", "email", "inspect", "typing", "dataclasses", "ledger", "federation"),
    *("stamps", "town.market", "cli.app"),
}


def test_handing_a_command_over_imports_almost_nothing():
    """the design: a command through a node costs a bare Python and a socket."""
    code = "import sys; sys.path.insert(0, '.'); import cli.launcher, json; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", code],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint(HEAVY)
    assert len([name for name in loaded if name.split(".")[0] in ("cli", "town")]) <= 6


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["post", "--title", "x"], "post"),
        (["--json", "up"], "up"),
        (["--home", "up", "down"], "down"),
        (["--home=up", "-v", "claim"], "claim"),
        ([], ""),
        (["--help"], ""),
    ],
)
def test_the_first_word_is_the_command_whatever_stands_before_it(argv, word):
    """Options before the command, and the value of --home, are not taken for it."""
    assert first_word(argv) == word


@pytest.mark.parametrize(
    ("argv", "home"),
    [
        (["post", "x", "--home", "/ash-a"], "/ash-a"),
        (["--home=/ash-b", "post"], "/ash-b"),
        (["post", "--", "--home", "/ash-c"], ""),
        (["post", "--home"], ""),
    ],
)
def test_home_is_found_wherever_it_stands(argv, home):
    """The launcher and the tree read the same home from the same line."""
    assert asked_home(argv) == home


def test_what_starts_or_ends_a_node_is_never_asked_of_one():
    """`wl down` through the node that it ends would lose its own answer."""
    assert {"up", "down", "demo"} <= HERE["wl"]


def test_a_socket_in_a_folder_that_others_may_write_is_not_trusted(tmp_path):
    """Nobody else on the machine can pose as the node of a town."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert not socket_is_ours(str(folder / "node.sock"))
    assert connect(str(tmp_path)) is None


# A command without a node opens the ledger itself; a node's rooms it does not enter.
NODES = {
    *("sqlalchemy", "aiohttp", "asyncio", "structlog", "rich", "psutil", "tomlkit", "ssl"),
    "pydantic",  # Typer's, for options that are not plain; none is
    *(
        "cryptography",
        "jinja2",
        "pymysql",
        "federation.driver",
        "federation.session",
        "town.web.board",
    ),
}


def test_without_a_node_a_command_loads_no_room_of_a_node(tmp_path):
    """500 ms, start-up included: what only a node needs is not imported by a look at the board."""
    env = {**os.environ, "WL_HOME": str(tmp_path / "t"), "XDG_STATE_HOME": str(tmp_path / "state")}
    code = (
        "import sys; from cli.launcher import run;"
        "codes = [run(line.split()) for line in sys.argv[1:]];"
        "print(*sys.modules, file=sys.stderr); sys.exit(any(codes))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "init --handle ash", "post one", "browse --json"],
        capture_output=True, text=True, check=True, cwd=ROOT, env=env,
    )  # fmt: skip
    board = json.loads(done.stdout[done.stdout.index('{"') :])
    assert board["data"]["items"][0]["untrusted"]["title"] == "one"
    assert set(done.stderr.split()).isdisjoint(NODES)


def test_without_a_node_the_command_runs_in_the_launchers_process(tmp_path):
    """`wl version --json` needs no node, no town and no network."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.launcher", "version", "--json", "--home", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["schema"] == "wl.v1.version"
    assert done.stderr == ""


@pytest.fixture
def dying_node(tmp_path):
    """A socket where a node would be, which begins what it is asked and hangs up."""
    yield from hanging_up(tmp_path, said=frames.pack(frames.BEGUN))


@pytest.fixture
def deaf_node(tmp_path):
    """A socket where a node would be, which hangs up before it begins anything."""
    yield from hanging_up(tmp_path, said=b"")


def hanging_up(tmp_path: Path, *, said: bytes) -> Iterator[Path]:
    """The home of a node that says this to the next launcher and is gone."""
    path = socket_path(str(tmp_path))
    Path(path).parent.mkdir(mode=0o700, exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def serve() -> None:
        line, _ = server.accept()
        line.recv(1)
        line.sendall(said)
        line.close()

    serving = threading.Thread(target=serve)
    serving.start()
    yield tmp_path
    serving.join()
    server.close()


def test_a_command_that_the_node_never_began_is_done_here(deaf_node):
    """Nothing was done by the node, so nothing is done twice: the ledger is opened here."""
    argv = [sys.executable, "-m", "cli.launcher", "init", "--handle", "rust", "--json"]
    done = subprocess.run(
        [*argv, "--home", str(deaf_node)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["data"]["handle"] == "rust"


def test_a_look_that_a_node_died_over_is_done_again_here(dying_node):
    """Looking twice is looking once: nobody is asked to repeat it."""
    argv = [sys.executable, "-m", "cli.launcher", "browse", "--json", "--home", str(dying_node)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert json.loads(done.stdout)["error"]["code"] != "node.down"


@pytest.mark.parametrize("words", [("--json",), ()])
def test_a_node_that_dies_during_a_command_is_said_to_have(dying_node, words):
    """Exit 6; a program still reads one envelope, a person three lines, and never both."""
    line = ("claim", "w-0000000000", *words, "--home", str(dying_node))
    argv = [sys.executable, "-m", "cli.launcher", *line]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert done.returncode == 6
    if words:
        said = json.loads(done.stdout)
        assert (said["error"]["code"], said["error"]["try"]) == ("node.down", [["wl", "up"]])
        assert done.stderr == ""
    else:
        assert done.stdout == ""
        assert done.stderr.startswith("error   node.down\nwhy     the node hung up")


ANSWERS = {
    "wl": b'{"schema":"wl.v1.item","data":"' + b"x" * 40 + b'"}\n',
    "bd": b'[\n  {\n    "id": "gt-1"\n  }\n]\n',
}


@pytest.mark.parametrize("program", ["wl", "bd"])
def test_wherever_a_node_dies_a_program_reads_one_whole_document(program, capfdbinary):
    """Every byte at which the stream may be cut: the answer, else the fault, and never a piece."""
    answer = ANSWERS[program]
    pieces = [frames.pack(frames.OUT, answer[at : at + 16]) for at in range(0, len(answer), 16)]
    begun = frames.pack(frames.BEGUN)
    stream = b"".join((begun, *pieces, frames.pack(frames.EXIT, b"0")))
    for cut in range(len(stream) + 1):
        code, printed = _through(stream[:cut], program, capfdbinary)
        if cut < len(begun):
            assert (code, printed) == (None, b""), "it is done here, which prints it"
        elif cut == len(stream):
            assert (code, printed) == (0, answer)
        else:
            assert code == 6
            assert printed == answer or json.loads(printed)["error"]["code"] == "node.down"


def _through(said: bytes, program: str, capture: pytest.CaptureFixture[bytes]) -> Any:
    """The exit code and the output of a command whose node said this and died."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(said)
        there.shutdown(socket.SHUT_WR)
        code, _ = launcher._through_node(here, ["claim", "w-1", "--json"], program)
    return code, capture.readouterr().out
