"""The node as it is started and ended: real processes, signals, sockets and logs."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.house.children import measured
from tests.living import gone
from tests.waiting import LONG_S, until
from town.node.boot import child_environment
from town.node.home import Home
from town.node.lifecycle import running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # a dozen lines each, typed one by one


class Prompt:
    """A town at whose prompt lines are typed."""

    def __init__(self, folder: Path) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.home = Home(folder / "town")
        plain = {**kept, "HOME": str(folder), "WL_HOME": str(self.home.path), "NO_COLOR": "1"}
        self.env = measured(child_environment(plain))

    def start(self, *argv: str) -> "subprocess.Popen[str]":
        """The line was typed, and runs."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli.launcher", *argv], env=self.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def json(self, *argv: str) -> tuple[int, dict]:
        """The exit code and the envelope."""
        process = self.start(*argv, "--json")
        out, err = process.communicate(timeout=LONG_S)
        assert not err, err
        return process.returncode, json.loads(out)

    def type(self, *argv: str) -> tuple[int, str, str]:
        """The exit code and what a person reads on either stream."""
        process = self.start(*argv)
        out, err = process.communicate(timeout=LONG_S)
        return process.returncode, out, err

    def until_up(self) -> int:
        """The node's number, once it is announced."""
        return until(lambda: running(self.home), why="no node came up").pid


@pytest.fixture
def prompt(tmp_path) -> Iterator[Prompt]:
    found = Prompt(tmp_path)
    assert found.json("init", "--handle", "rust")[0] == 0
    yield found
    found.json("down")


def fetched(url: str) -> tuple[int, dict]:
    """The status and the JSON of an address."""
    try:
        with urllib.request.urlopen(url, timeout=LONG_S) as answer:  # noqa: S310  # loopback
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_detached_node_answers_logs_and_ends_whole(prompt):
    """One lock, one socket that is the user's alone, health, JSON lines, nothing left."""
    code, up = prompt.json("up", "--detach", "--port", "0")
    assert (code, up["data"]["started"]) == (0, True)
    url = up["data"]["node"]["url"]
    assert fetched(f"{url}/healthz") == (200, {"ok": True})
    assert fetched(f"{url}/readyz") == (200, {"ready": True})
    again = prompt.json("up", "--port", "0")[1]["data"]
    assert (again["started"], again["node"]["pid"]) == (False, up["data"]["node"]["pid"])
    assert stat.S_IMODE(Path(prompt.home.socket).stat().st_mode) == 0o600
    status = prompt.json("status")[1]["data"]["node"]
    assert (status["pid"], status["url"]) == (up["data"]["node"]["pid"], url)
    lines = prompt.home.log.read_text("utf-8").splitlines()
    assert {json.loads(line)["event"] for line in lines} >= {"up"}
    code, down = prompt.json("down")
    assert (code, down["data"]["left"], down["data"]["forced"]) == (0, 0, False)
    assert prompt.json("down")[1]["data"]["pid"] is None
    assert not Path(prompt.home.socket).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_node_in_the_foreground_ends_by_a_signal(prompt, number):
    """Exit code 0, its files gone, and what was posted through it is there."""
    process = prompt.start("up", "--foreground", "--port", "0")
    prompt.until_up()
    posted = prompt.json("post", "through the node")[1]["data"]["id"]
    process.send_signal(number)
    out, err = process.communicate(timeout=LONG_S)
    assert (process.returncode, err) == (0, ""), out
    assert not prompt.home.facts.exists()
    assert prompt.json("show", posted)[0] == 0


def test_a_killed_node_is_replaced_and_loses_nothing_acknowledged(prompt):
    """kill -9: the next command says so or opens the ledger itself; up works at once."""
    prompt.json("up", "--port", "0")
    kept = []
    for turn in range(3):
        pid = prompt.until_up()
        kept += [prompt.json("post", f"{turn}/{at}")[1]["data"]["id"] for at in range(3)]
        os.kill(pid, signal.SIGKILL)
        code, said = prompt.json("browse", "--limit", "100")
        if code == 6:  # the dying node had begun it
            assert said["error"]["try"] == [["wl", "up"]]
            until(partial(gone, pid))
            code, said = prompt.json("browse", "--limit", "100")
        assert code == 0, said
        assert {item["id"] for item in said["data"]["items"]} == set(kept)
        code, up = prompt.json("up", "--port", "0")
        assert (code, up["data"]["started"]) == (0, True)
        assert up["data"]["node"]["pid"] != pid
    code, said = prompt.json("verify")
    assert (code, said["data"]["holds"]) == (0, True)


def test_a_command_on_its_way_ends_when_its_node_does(prompt):
    """A waiting command is let go by `wl down`; nobody hangs."""
    prompt.json("up", "--port", "0")
    item = prompt.json("post", "one")[1]["data"]["id"]
    there = str(prompt.home.socket)
    waiting = prompt.start("wait", item, "--until", "reply", "--timeout", "10m", "--json")
    node = psutil.Process(prompt.until_up())
    until(lambda: len([one for one in node.net_connections("unix") if one.laddr == there]) > 1)
    assert prompt.json("down")[0] == 0
    out, _ = waiting.communicate(timeout=LONG_S)
    assert waiting.returncode in (6, 130)
    assert json.loads(out)["error"]["code"] in ("node.down", "interrupted")


def test_a_person_reads_where_the_node_is_and_what_to_type_next(prompt):
    """Where, who, what is to be saved, and the next step; a second `up` starts nothing."""
    code, out, err = prompt.type("up", "--port", "0")
    assert (code, err) == (0, "")
    pid = prompt.until_up()
    assert out.startswith("Node    http://127.0.0.1:")
    assert "\nTown    rust\nSave    recovery key NOT SAVED." in out
    assert out.endswith('nothing is sent anywhere until you join or invite somebody\n'
                        'next    wl join <token>   ·   wl invite   ·   wl post "…"\n')  # fmt: skip
    assert prompt.json("post", "one")[0] == 0
    code, out, _ = prompt.type("up", "--port", "0")
    assert "Node    already up: http://127.0.0.1:" in out
    assert f"pid {pid} " in out
    assert out.endswith('next    wl browse   ·   wl invite   ·   wl post "…"\n')
    assert f"pid {pid} " in prompt.type("status")[1]
    code, out, _ = prompt.type("doctor")
    assert code == 0
    assert out.startswith("ok    node         up at http://127.0.0.1:")
    assert prompt.type("down") == (0, f"down    stopped pid {pid} · 0 processes left\n", "")
    assert prompt.type("down") == (0, "down    no node was running · 0 processes left\n", "")
    assert "not running; commands open the ledger themselves" in prompt.type("status")[1]


def test_a_lost_key_is_replaced_at_the_start_and_never_under_a_running_node(prompt, tmp_path):
    """`wl up --recover FILE`: refused while a node signs; afterwards a new key signs."""
    saved = tmp_path / "recovery.txt"
    before = prompt.json("account")[1]["data"]["device"]
    assert prompt.json("key", "backup", str(saved))[0] == 0
    assert prompt.json("post", "before")[0] == 0
    assert prompt.json("up", "--port", "0")[0] == 0
    code, said = prompt.json("up", "--recover", str(saved))
    assert (code, said["error"]["code"]) == (2, "usage.node_runs")
    assert said["error"]["try"] == [["wl", "down"]]
    assert prompt.json("down")[0] == 0
    code, out, err = prompt.type("up", "--port", "0", "--recover", str(saved))
    assert code == 0
    assert out.startswith("Node    http")
    assert f"{before} is revoked" in err
    assert prompt.json("account")[1]["data"]["device"] != before
    assert prompt.json("post", "after")[0] == 0
    assert prompt.json("verify")[1]["data"]["holds"]


def test_a_start_that_cannot_listen_says_why_and_leaves_nothing(prompt):
    """A port that was asked for and is taken is an error with its reason, not another port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = prompt.json("up", "--port", str(port))
    assert (code, said["error"]["code"]) == (6, "node.start_failed")
    assert f"port {port}" in said["error"]["message"]
    assert running(prompt.home) is None
    assert prompt.json("post", "one")[0] == 0
