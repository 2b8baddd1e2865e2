"""Any command interrupted at any moment: the ledger is whole and what was acknowledged is there.

Real processes, no node between: the command itself owns the files when the signal arrives.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from town.node.boot import child_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
STRIKES = 12
PROVE_EVERY = 5
INTERRUPTED = 130
# What Python says where nobody can catch it, as while a lock of its own goes, and goes on.
IGNORED = re.compile(r"^Exception ignored in .*?^KeyboardInterrupt:? *\n", re.MULTILINE | re.DOTALL)
ANSWERED = {0, 4, 5}  # it was faster than the signal: done, not allowed as the item stands, closed


class Prompt:
    """A town at whose prompt lines are typed and interrupted."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        plain = {**kept, "HOME": str(folder), "WL_HOME": str(folder / "town"), "NO_COLOR": "1"}
        self.env = child_environment(plain)
        self.took_s = 1.0
        self.posted: set[str] = set()
        self.struck = 0

    def start(self, *argv: str) -> "subprocess.Popen[str]":
        """The line was typed."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli.launcher", *argv],
            env=self.env, cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def type(self, *argv: str) -> tuple[int, str]:
        """The exit code of the whole command, and what it printed."""
        begun = time.monotonic()
        process = self.start(*argv)
        out, err = process.communicate(timeout=60)
        self.took_s = 0.7 * self.took_s + 0.3 * (time.monotonic() - begun)
        return process.returncode, out + err

    def strike(self, *argv: str) -> tuple[int, str]:
        """The same, with Ctrl-C or a kill somewhere in the middle."""
        number = self.chance.choice((signal.SIGINT, signal.SIGKILL))
        process = self.start(*argv)
        time.sleep(self.chance.uniform(0.05, 1.1) * self.took_s)
        if process.poll() is None:
            process.send_signal(number)
            self.struck += 1
        else:
            self.took_s *= 0.8  # the machine became quicker
        out, err = process.communicate(timeout=60)
        code, err = process.returncode, IGNORED.sub("", err)
        # Before its first line runs, Python itself answers Ctrl-C; afterwards we do.
        starting = err.rstrip().endswith("KeyboardInterrupt") and " main\n" not in err
        expected = {*ANSWERED, INTERRUPTED, -signal.SIGINT, -signal.SIGKILL}
        assert starting or code in expected, (argv, code, out + err)
        assert starting or "Traceback" not in err, err
        return code, out

    def prove(self) -> None:
        """Every signature and row holds, and what was acknowledged is on the board."""
        code, said = self.type("verify", "--json")
        assert code == 0, said
        assert json.loads(said)["data"]["holds"]
        code, said = self.type("browse", "--status", "all", "--limit", "1000", "--json")
        there = {item["id"] for item in json.loads(said)["data"]["items"]}
        assert self.posted <= there


def lines(prompt: Prompt) -> list[tuple[str, ...]]:
    """Every kind of command that writes, and some that only read."""
    item = prompt.chance.choice(sorted(prompt.posted))
    return [
        ("post", f"item {prompt.struck}", "--json"),
        ("claim", item, "--json"),
        ("done", item, "--evidence", "https://example.org/7"),
        ("note", item, "half way"),
        ("update", item, "--priority", str(prompt.chance.randrange(5))),
        ("close", item),
        ("withdraw", item),
        ("policy", f"lease_s={prompt.chance.randrange(300, 9000)}"),
        ("create", f"board/{prompt.struck}"),
        ("list", "--use", "rust/commons"),
        ("key", "rotate", "--yes"),
        ("config", "set", "node.port", str(prompt.chance.randrange(1024, 60_000))),
        ("export", str(prompt.folder / "all.wlb")),
        ("import", str(prompt.folder / "first.wlb")),
        ("doctor", "--rebuild"),
        ("browse",),
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_command_interrupted_anywhere_leaves_the_ledger_whole(tmp_path, seed):
    """SIGINT and SIGKILL at random moments; a second try of the same line always works."""
    prompt = Prompt(tmp_path, seed)
    for _ in range(3):
        prompt.strike("init", "--handle", "rust")
    assert prompt.type("init", "--handle", "rust")[0] == 0
    assert prompt.type("post", "the first")[0] == 0
    assert prompt.type("export", "first.wlb")[0] == 0
    _, said = prompt.type("browse", "--json")
    prompt.posted = {item["id"] for item in json.loads(said)["data"]["items"]}
    for turn in count():
        if turn >= STRIKES and prompt.struck > STRIKES // 2:
            break
        line = prompt.chance.choice(lines(prompt))
        code, out = prompt.strike(*line)
        if code == 0 and line[0] == "post":
            prompt.posted.add(json.loads(out)["data"]["id"])
        if line[0] == "create":
            assert prompt.type("list", "--use", "rust/commons")[0] == 0
        if turn % PROVE_EVERY == 0:
            prompt.prove()
    prompt.prove()
    assert prompt.type("key", "rotate", "--yes")[0] == 0  # the recovery key was never lost
    assert prompt.type("post", "the last")[0] == 0
    prompt.prove()
