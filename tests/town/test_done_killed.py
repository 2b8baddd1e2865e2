"""`gt done` by processes that die at each step, and by sessions whose work is another's now."""

import json
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.children import measured
from tests.town.prompt import Prompt
from tests.town.test_convoy_lines import KILLED
from tests.town.wrapped_git import KILL, wrapped_git

pytestmark = pytest.mark.slow


@dataclass
class Worker:
    """Somebody in its worktree, with work on its hook that it has committed."""

    prompt: Prompt
    root: Path
    origin: Path
    bead: str
    env: dict[str, str]

    def done(self, prelude: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        """`gt done --json` as a process of its own."""
        told = measured({**self.prompt.env, **self.env, **env})
        return subprocess.run(
            self.prompt.command("gt", "done", "--json", prelude=prelude), cwd=self.prompt.at,
            env=told, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def requests(self, status: str = "ready") -> list[str]:
        """The merge requests that stand so."""
        said = self.prompt.json("gt", "mq", "list", "api", "--status", status)
        return [one["id"] for one in said["data"]["requests"]]

    def shown(self) -> dict:
        """The bead."""
        found = json.loads(self.prompt.bd("show", self.bead, "--json").text)
        return found[0] if isinstance(found, list) else found

    def main(self) -> list[str]:
        """The subjects of the commits on main, the oldest first."""
        said = self.prompt.git("log", "--reverse", "--format=%s", "main", at=self.origin)
        return said.splitlines()


@pytest.fixture
def rig(prompt: Prompt, town: Path) -> Path:
    """The remote of a rig with one gate, in a town without a node."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    assert prompt.gt("rig", "add", "api", "../origin.git", "--prefix", "ap").code == 0
    gates = {"merge_queue": {"gates": {"whole": {"cmd": "test -e F"}}}}
    (town / "api" / "settings" / "config.json").write_text(json.dumps(gates))
    return town.parent / "origin.git"


def working(prompt: Prompt, town: Path, origin: Path, title: str = "Add F") -> Worker:
    """A worker with a commit on its branch."""
    bead = prompt.bd("create", title, "--prefix", "ap", "--silent").text.strip()
    [slung] = prompt.json("gt", "sling", bead, "api")["data"]["slung"]
    env = {
        "GT_ROLE": slung["agent"],
        "GT_ASSIGNMENT": slung["assignment"],
        "GT_BRANCH": slung["branch"],
    }
    prompt.at = town / slung["worktree"]
    (prompt.at / "F").write_text(f"{title}\n")
    prompt.git("add", "F")
    prompt.git("commit", "-q", "-m", title)
    return Worker(prompt, town, origin, bead, env)


# (before which word of git, or around which write of the town's database)
POINTS = ["fetch", "push", "pushed", "before-1", "after-1"]
PRELUDE = {
    "before-1": KILLED.format(number=1, when="before"),
    "after-1": KILLED.format(number=1, when="after"),
}


def dead_at(worker: Worker, point: str, folder: Path) -> None:
    """`gt done` was killed there."""
    env, prelude = {}, PRELUDE.get(point, "")
    if not prelude:
        word = "push" if point == "pushed" else point
        env = {"PATH": wrapped_git(folder, word, then=KILL, before=point != "pushed")}
    dead = worker.done(prelude, **env)
    assert dead.returncode == -signal.SIGKILL, (dead.stdout, dead.stderr)


@pytest.mark.parametrize("point", POINTS)
def test_work_handed_in_by_a_process_that_died_is_handed_in_once(
    prompt, town, rig, tmp_path, point
):
    """Scenario 7: kill -9 before and after the push, around the request: rerun, one merge."""
    worker = working(prompt, town, rig)
    dead_at(worker, point, tmp_path / "bin")
    assert len(worker.requests()) == (1 if point == "after-1" else 0)
    assert worker.shown()["status"] == ("in_progress" if point == "after-1" else "hooked")
    pushed = prompt.git("branch", "--list", "polecat/*", at=rig).strip()
    assert bool(pushed) == (point not in ("fetch", "push"))

    again = worker.done()
    assert again.returncode == 0, (again.stdout, again.stderr)
    [request] = worker.requests()
    assert json.loads(again.stdout)["data"]["request"] == request
    assert prompt.json("gt", "hook", "--all")["data"]["hooks"] == []
    assert prompt.json("gt", "refinery", "run", "api")["data"]["merged"] == [request]
    assert worker.main() == ["begin", "Add F"]
    assert worker.shown()["status"] == "closed"
    assert worker.done().returncode == 5
    assert (worker.requests(), worker.requests("merged")) == ([], [request])


def test_a_session_of_an_earlier_assignment_hands_nothing_in(prompt, town, rig):
    """Scenario 14: of the same name, in the same worktree: exit 5, nothing pushed, nothing said."""
    worker = working(prompt, town, rig)
    old = dict(worker.env)
    prompt.at = town
    assert prompt.gt("unsling", worker.bead).code == 0
    name = old["GT_ROLE"].rpartition("/")[2]
    [slung] = prompt.json("gt", "sling", worker.bead, f"api/{name}")["data"]["slung"]
    assert (slung["agent"], slung["assignment"] != old["GT_ASSIGNMENT"]) == (old["GT_ROLE"], True)
    prompt.at = town / slung["worktree"]
    stale = worker.done()
    assert stale.returncode == 5, (stale.stdout, stale.stderr)
    assert json.loads(stale.stdout)["error"]["code"] == "work.stale"
    assert "Stop, and end this session" in prompt.gt("prime", env=old).text
    assert worker.requests() == []
    assert prompt.git("branch", "--list", "polecat/*", at=rig) == ""
    assert worker.shown()["status"] == "hooked"
    worker.env = {**old, "GT_ASSIGNMENT": slung["assignment"]}
    prompt.git("merge", "-q", "--ff-only", old["GT_BRANCH"])
    assert worker.done().returncode == 0
    assert len(worker.requests()) == 1
