"""A file from one disk to another: two nodes as processes, commands as typed, a kill -9."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.children import measured
from tests.living import alive
from tests.waiting import LONG_S, until
from town.node.boot import child_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
FILE = bytes(range(256)) * 800  # 200 kB that are no text


class Prompt:
    """A town at whose prompt lines are typed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        plain = {**kept, "HOME": str(folder), "WL_HOME": str(folder / "town"), "NO_COLOR": "1"}
        self.folder = folder
        self.env = measured(child_environment(plain))

    def run(self, *argv: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """What the line did."""
        return subprocess.run(
            [sys.executable, "-m", "cli.launcher", *argv], env=self.env, cwd=self.folder,
            input=stdin, capture_output=True, timeout=LONG_S, check=False,
        )  # fmt: skip

    def json(self, *argv: str) -> dict:
        """The envelope, with the exit code."""
        done = self.run(*argv, "--json")
        return {**json.loads(done.stdout), "exit": done.returncode}

    def until_held_by(self, item: str) -> dict:
        """The item's blob once it is here; waits for what another's node brings."""

        def here() -> dict | None:
            [row] = self.json("blob", "list", item)["data"]["rows"] or [{"here": False}]
            return row if row["here"] else None

        return until(here, why="the file did not come")


@pytest.fixture
def towns(tmp_path) -> Iterator[tuple[Prompt, Prompt]]:
    """A poster and a worker on one board, each with a node of its own."""
    rust, ash = Prompt(tmp_path / "rust"), Prompt(tmp_path / "ash")
    for one in (rust, ash):
        assert one.run("init", "--handle", one.folder.name).returncode == 0
        assert one.run("up", "--detach", "--port", "0").returncode == 0
    token = rust.json("invite")["data"]["invite"]
    assert ash.run("join", token, "--yes").returncode == 0
    yield rust, ash
    for one in (rust, ash):
        one.run("down")


def test_a_file_is_handed_in_on_one_machine_and_read_on_the_other(towns):
    """From bytes to the same bytes, through the nodes; also out of a pipe, and after kill -9."""
    rust, ash = towns
    item = rust.json("post", "Fix it", "--deliver", "blob")["data"]["id"]
    assert ash.run("sync").returncode == 0
    assert ash.json("claim", item)["exit"] == 0
    (ash.folder / "trace.bin").write_bytes(FILE)
    assert ash.json("done", item, "--blob", "trace.bin")["exit"] == 0
    row = rust.until_held_by(item)
    assert (row["sha256"], row["size"]) == (hashlib.sha256(FILE).hexdigest(), len(FILE))
    saved = rust.json("blob", "get", item)
    assert (saved["exit"], saved["data"]["untrusted"]["file"]) == (0, "trace.bin")
    assert (rust.folder / "trace.bin").read_bytes() == FILE
    assert rust.run("blob", "get", item, "--to", "-").stdout == FILE
    pid = rust.json("status")["data"]["node"]["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    assert rust.run("up", "--detach", "--port", "0").returncode == 0
    assert rust.run("blob", "get", item, "--to", "-").stdout == FILE
    assert rust.run("blob", "get", item, "--to", "-").stderr == b""
