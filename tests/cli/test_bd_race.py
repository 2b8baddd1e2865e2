"""Twenty agents reach for one bead at the same moment, each in a process of its own."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from tests.house.tree import ROOT

AGENTS = 20
ROUNDS = 4
# One process loads everything and forks; its children wait until the last one is there.
RUNNER = """
import gc, json, os, sys
from cli.launcher import bd
import cli.app, cli.bd.work, cli.bd.look, town.node.lifecycle
from town.node.boot import load_engine
load_engine()
import town.node.private
agents, folder, sys.argv = int(sys.argv[1]), sys.argv[2], ["bd", *sys.argv[3:]]
cli.app.command_tree("bd").get_command(None, sys.argv[1])
gc.freeze()
gate, opener = os.pipe()
runners = {}
for number in range(agents):
    actor = f"agent-{number}"
    runner = os.fork()
    if not runner:
        os.close(opener)
        os.dup2(os.open(f"{folder}/{actor}", os.O_WRONLY | os.O_CREAT), 1)
        os.environ["BD_ACTOR"] = actor
        os.read(gate, 1)  # nothing comes; it ends when the parent opens it
        bd()
    runners[actor] = runner
os.close(opener)
ends = {actor: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for actor, pid in runners.items()}
print(json.dumps(ends))
"""


class Beads:
    """Beads in a home, and people who type at prompts of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {name: os.environ[name] for name in ("PATH", "WL_DOLT") if name in os.environ}
        self.env = {**kept, "HOME": str(home.parent), "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}

    def argv(self, code: str, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-c", code, *words, "--json", "--home", str(self.home)]

    def type(self, *words: str, program: str = "bd") -> Any:
        """What a command printed that worked."""
        code = f"from cli.launcher import main; main({program!r})"
        done = subprocess.run(
            self.argv(code, words), env=self.env, capture_output=True, text=True,
            cwd=self.home.parent, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def race(self, *words: str) -> list[tuple[str, int, Any]]:
        """Who typed the line at the same moment as others, the exit code and what it printed."""
        folder = Path(mkdtemp(dir=self.home.parent))
        argv = self.argv(RUNNER, (str(AGENTS), str(folder), *words))
        done = subprocess.run(
            argv, env=self.env, cwd=self.home.parent, capture_output=True, text=True,
            timeout=300, check=True,
        )  # fmt: skip
        ends = json.loads(done.stdout)
        return [(a, code, read(folder / a)) for a, code in ends.items()]


def read(path: Path) -> Any:
    """The one JSON document that a command printed."""
    text = path.read_text()
    try:
        return json.loads(text)
    except ValueError as error:
        raise AssertionError(f"{path.name} printed no single document: {text}") from error


@pytest.fixture(params=["alone", "through a node"])
def beads(request, tmp_path) -> Iterator[Beads]:
    """Beads that every command opens by itself, and beads that a node has open."""
    found = Beads(tmp_path / "home")
    found.type("init", "--handle", "rust", program="wl")
    found.type("config", "set", "issue_prefix", "gt")
    if request.param == "alone":
        yield found
        return
    found.type("up", "--port", "0", program="wl")
    yield found
    found.type("down", program="wl")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_of_twenty_agents_exactly_one_gets_the_bead(beads):
    """The others end with 5 and are told who has it; asked again, it is still so."""
    for number in range(ROUNDS):
        bead = beads.type("create", f"bead {number}", "--id", f"gt-race{number}")["id"]
        told = beads.race("update", bead, "--claim")
        assert Counter(code for _, code, _ in told) == {0: 1, 5: AGENTS - 1}
        winner = next(actor for actor, code, _ in told if not code)
        for actor, code, out in told:
            if code:
                assert out["error"]["code"] == "bead.claimed"
                assert f"issue already claimed by {winner}" in out["error"]["message"]
            else:
                assert (out[0]["assignee"], out[0]["status"]) == (actor, "in_progress")
        shown = beads.type("show", bead)
        assert (shown[0]["assignee"], shown[0]["status"]) == (winner, "in_progress")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_of_ten_ready_beads_no_two_agents_get_the_same(beads):
    """`bd ready --claim` by twenty: ten have one each, ten have nothing, and nothing is left."""
    ten = beads.home.with_name("ten.jsonl")
    rows = [{"id": f"gt-have{number}", "title": f"bead {number}"} for number in range(AGENTS // 2)]
    ten.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert beads.type("import", str(ten))["created"] == AGENTS // 2
    told = beads.race("ready", "--claim")
    assert {code for _, code, _ in told} == {0}
    got = [bead["id"] for _, _, out in told for bead in out]
    assert sorted(got) == [f"gt-have{number}" for number in range(AGENTS // 2)]
    assert beads.type("ready") == []
    for actor, _, out in told:
        assert all(bead["assignee"] == actor for bead in out)
