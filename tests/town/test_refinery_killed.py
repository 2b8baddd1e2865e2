"""Scenario 9: whoever merges may die at any moment; it is merged once, and only what was tried."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.house.children import measured
from tests.living import alive
from tests.town.prompt import Prompt
from tests.town.wrapped_git import KILL, lines_of, wrapped_git
from tests.waiting import until

pytestmark = pytest.mark.slow


class Shop:
    """A rig with a crew's checkout, and work of it in the queue."""

    def __init__(self, prompt: Prompt, root: Path) -> None:
        self.prompt = prompt
        self.root = root
        prompt.at = root.parent
        prompt.repository("origin")
        self.origin = root.parent / "origin.git"
        prompt.at = root
        assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
        assert prompt.gt("crew", "add", "max", "--rig", "api").code == 0
        prompt.at = root / "api" / "crew" / "max"
        self.gate("test ! -e BROKEN")

    def gate(self, cmd: str) -> None:
        """The rig's one gate."""
        told = {"merge_queue": {"gates": {"test": {"cmd": cmd}}, "retry_flaky_tests": 0}}
        (self.root / "api" / "settings" / "config.json").write_text(json.dumps(told))

    def handed_in(self, name: str) -> tuple[str, str]:
        """The bead and the request of work that adds a file."""
        made = self.prompt.bd("create", f"Add {name}", "--json").text
        bead = json.loads(made)["id"]
        self.prompt.git("fetch", "-q", "origin")
        self.prompt.git("checkout", "-q", "-b", f"max/{bead}", "origin/main")
        (self.prompt.at / name).write_text("x")
        self.prompt.git("add", "-A")
        self.prompt.git("commit", "-q", "-m", f"Add {name}")
        return bead, self.prompt.json("gt", "mq", "submit")["data"]["id"]

    def killed(self, path: str = "") -> None:
        """The refinery ran in a process of its own, and was killed."""
        env = {**self.prompt.env, **({"PATH": path} if path else {})}
        done = subprocess.run(
            self.prompt.command("gt", "refinery", "run"), cwd=self.prompt.at, env=measured(env),
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == -signal.SIGKILL, (done.stdout, done.stderr)

    def main(self) -> list[str]:
        """The subjects of the commits on main, the oldest first."""
        log = self.prompt.git("log", "--reverse", "--format=%s", "main", at=self.origin)
        return log.splitlines()

    def head(self) -> str:
        return self.prompt.git("rev-parse", "main", at=self.origin).strip()

    def merged_once(self, *work: tuple[str, str]) -> None:
        """Everybody is merged, exactly once; main is at a commit that the gates passed."""
        for bead, request in work:
            shown = self.prompt.json("gt", "mq", "status", request)["data"]
            assert shown["status"] == "merged", shown
            assert any(run["passed"] for run in shown["gate_runs"])
            found = json.loads(self.prompt.bd("show", bead, "--json").text)
            assert (found[0] if isinstance(found, list) else found)["status"] == "closed"
        assert len(self.main()) == 1 + len(work), self.main()
        tried = self.prompt.json("gt", "refinery", "status")["data"]["runs"]
        assert self.head() in {run["sha"] for run in tried if run["passed"]}
        events = [json.loads(one) for one in (self.root / ".events.jsonl").read_text().splitlines()]
        told = [one["payload"]["subject"] for one in events if one["type"] == "merged"]
        assert sorted(told) == sorted(request for _, request in work)
        place = self.root / "api" / "refinery" / "rig"
        assert self.prompt.git("status", "--porcelain", "--ignored", at=place) == ""


@pytest.fixture
def shop(prompt: Prompt, town: Path) -> Shop:
    """A rig with work to be merged."""
    return Shop(prompt, town)


def test_killed_while_its_gates_run(shop: Shop, tmp_path: Path):
    """The gate of the dead one is ended, not waited for; the next refinery tries again."""
    pid = tmp_path / "pid"
    shop.gate(f"test -e {pid} || {{ echo $$ > {pid}; kill -9 $PPID; sleep 300; }}")
    work = [shop.handed_in("one"), shop.handed_in("two")]
    before = shop.head()
    shop.killed()
    until(pid.exists)
    assert alive(int(pid.read_text()))
    assert shop.head() == before
    status = shop.prompt.json("gt", "mq", "list")["data"]["requests"]
    assert {one["status"] for one in status} == {"trying"}
    assert len(shop.prompt.json("gt", "refinery", "run")["data"]["merged"]) == 2
    assert not alive(int(pid.read_text()))
    shop.merged_once(*work)


def test_killed_just_before_the_push(shop: Shop, tmp_path: Path):
    """Nothing was pushed: the next one tries it all again."""
    work = [shop.handed_in("one"), shop.handed_in("two")]
    before = shop.head()
    shop.killed(wrapped_git(tmp_path / "bin", "push", then=KILL, before=True))
    assert shop.head() == before
    shop.prompt.gt("refinery", "run")
    shop.merged_once(*work)


def test_killed_just_after_the_push(shop: Shop, tmp_path: Path):
    """It was pushed and nobody wrote it down: the next one sees that, and pushes nothing."""
    work = [shop.handed_in("one"), shop.handed_in("two")]
    shop.killed(wrapped_git(tmp_path / "bin", "push", then=KILL))
    assert len(shop.main()) == 3
    bead = json.loads(shop.prompt.bd("show", work[0][0], "--json").text)
    assert (bead[0] if isinstance(bead, list) else bead)["status"] != "closed"
    path = wrapped_git(tmp_path / "look", "push", then="true")
    ran = shop.prompt.json("gt", "refinery", "run", env={"PATH": path})
    assert len(ran["data"]["merged"]) == 2
    assert ran["data"]["runs"] == 0
    assert not [line for line in lines_of(tmp_path / "look") if line.endswith("refs/heads/main")]
    shop.merged_once(*work)


def test_killed_while_its_push_goes_on(shop: Shop, tmp_path: Path):
    """A push that outlives its refinery is ended first, so that nobody is surprised by it."""
    work = [shop.handed_in("one")]
    slow = f'echo $$ > {tmp_path / "pid"}; kill -9 "$PPID"; sleep 300'
    shop.killed(wrapped_git(tmp_path / "bin", "push", then=slow, before=True))
    until((tmp_path / "pid").exists)
    shop.prompt.gt("refinery", "run")
    assert not alive(int((tmp_path / "pid").read_text()))
    shop.merged_once(*work)


def test_killed_while_it_cleans_up(shop: Shop, tmp_path: Path):
    """The branch that is merged is deleted by whoever comes next."""
    work = [shop.handed_in("one")]
    path = wrapped_git(tmp_path / "bin", "push", then=KILL, times=2, before=True)
    shop.killed(path)
    branches = shop.prompt.git("branch", "--list", "max/*", at=shop.origin)
    assert work[0][0] in branches
    shop.prompt.gt("refinery", "run")
    assert shop.prompt.git("branch", "--list", "max/*", at=shop.origin) == ""
    shop.merged_once(*work)


def test_killed_while_it_stacks(shop: Shop, tmp_path: Path):
    """A worktree that was left in the midst of a merge is clean for the next one."""
    work = [shop.handed_in("one"), shop.handed_in("two")]
    real = wrapped_git(tmp_path / "bin", "-c", then=KILL, times=25)
    shop.killed(real)
    lock = shop.root / "api" / ".repo.git" / "worktrees" / "rig" / "index.lock"
    lock.touch()
    shop.prompt.gt("refinery", "run")
    shop.merged_once(*work)
