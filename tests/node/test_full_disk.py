"""A disk that is full, as a person and an agent meet it: said with exit 6, nothing lost."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import LONG_S
from town.node.boot import child_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # some thirty lines, typed one by one
ROOM_BYTES = 96 << 10
POSTS_MAX = 400
STORE_DOWN = 6


class Prompt:
    """A town at whose prompt lines are typed; its files may not grow past `room`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        plain = {**kept, "HOME": str(folder), "WL_HOME": str(folder / "town"), "NO_COLOR": "1"}
        self.env = child_environment(plain)
        self.room = resource.RLIM_INFINITY

    def json(self, *argv: str) -> tuple[int, dict]:
        """The exit code and the envelope."""

        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.room, resource.RLIM_INFINITY))

        done = subprocess.run(
            [sys.executable, "-m", "cli.launcher", *argv, "--json"],
            env=self.env, cwd=self.folder, text=True, timeout=LONG_S, check=False,
            capture_output=True, stdin=subprocess.DEVNULL, preexec_fn=limited,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout)

    def largest(self) -> int:
        """The size of the town's largest file."""
        return max(f.stat().st_size for f in (self.folder / "town").rglob("*") if f.is_file())

    def board(self) -> set[str]:
        """Every item that is shown."""
        code, said = self.json("browse", "--status", "all", "--limit", "1000")
        assert code == 0
        return {item["id"] for item in said["data"]["items"]}


@pytest.fixture
def prompt(tmp_path) -> Iterator[Prompt]:
    found = Prompt(tmp_path)
    assert found.json("init", "--handle", "rust")[0] == 0
    assert found.json("post", "the first")[0] == 0
    yield found
    found.json("down")


@pytest.mark.parametrize("node", [False, True], ids=["alone", "through a node"])
def test_a_full_disk_refuses_with_exit_6_and_keeps_what_was_acknowledged(prompt, node):
    """`store.full`, retryable; reading goes on; with room again everything does."""
    prompt.room = prompt.largest() + ROOM_BYTES
    if node:
        assert prompt.json("up", "--port", "0")[0] == 0
    kept, refusal = set(prompt.board()), None
    text = "x" * 9_000
    for number in range(POSTS_MAX):
        code, said = prompt.json("post", f"item {number}", "-d", text)
        if code != 0:
            refusal = code, said["error"]["code"]
            break
        kept.add(said["data"]["id"])
    assert refusal == (STORE_DOWN, "store.full")
    again, said = prompt.json("post", "another", "-d", text)
    assert (again, said["error"]["code"]) == refusal
    assert said["error"]["message"]
    assert kept <= prompt.board()
    assert prompt.json("down")[0] == 0
    prompt.room = resource.RLIM_INFINITY
    assert kept <= prompt.board()
    code, said = prompt.json("verify")
    assert (code, said["data"]["holds"]) == (0, True)
    assert prompt.json("post", "with room again", "-d", text)[0] == 0
