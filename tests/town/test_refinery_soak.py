"""Many requests of every kind in any order: whatever happens, what must hold holds."""

import random
from collections.abc import Sequence

import pytest

from ledger.beads.rows import HOOKED, Bead
from ledger.workspace.rows import Agent
from ledger.workspace.work import MERGED, OPEN_REQUESTS, Assignment, MergeRequest
from tests.town.refining import Yard, yard_in
from tests.town.towns import git

pytestmark = pytest.mark.slow
ROUNDS = 30


class Crowd:
    """Workers that hand in what is good, bad or in conflict, and mend what comes back."""

    def __init__(self, yard: Yard, seed: int) -> None:
        self.yard = yard
        self.random = random.Random(seed)
        self.made: list[MergeRequest] = []

    def more(self) -> None:
        """Somebody new hands something in; the first three are one of each kind."""
        name = f"w{len(self.made)}"
        files = {f"own-{name}": "x"}
        if len(self.made) == 1 or self.random.random() < 0.3:
            files["BROKEN"] = name
        if len(self.made) in (0, 2) or self.random.random() < 0.4:
            files[self.random.choice(("shared", "README"))] = f"{name}\n"
        priority = self.random.randrange(5)
        self.made.append(self.yard.handed_in(name, files, priority=priority))

    def go_on(self) -> None:
        """Whoever has work on its hook does it: mends what failed, resolves what conflicts."""
        for agent in self.yard.find(Agent, rig="api", role="polecat"):
            if agent.hook_bead:
                self._mend(agent)

    def _mend(self, agent: Agent) -> None:
        yard = self.yard
        work = yard.get(Assignment, agent.assignment)
        git(yard.clone, "fetch", "-q", "origin")
        git(yard.clone, "checkout", "-q", "-f", "-B", work.branch, f"origin/{work.branch}")
        merge = ("merge", "-q", "-X", "ours", "--no-edit", "origin/main")
        git(yard.clone, *merge)
        if (yard.clone / "BROKEN").exists():
            git(yard.clone, "rm", "-q", "-f", "BROKEN")
            git(yard.clone, "commit", "-q", "-m", "Mend")
        git(yard.clone, "push", "-q", "origin", work.branch)
        sha = git(yard.clone, "rev-parse", "HEAD").strip()
        yard.submitted(agent.name, work.bead, work.branch, sha)

    def open(self) -> Sequence[MergeRequest]:
        return self.yard.find(MergeRequest, rig="api", state=OPEN_REQUESTS)

    def hooked(self) -> Sequence[Bead]:
        return self.yard.find(Bead, status=HOOKED)


def green(yard: Yard) -> None:
    """The gate passes at each commit that main was ever moved to."""
    for event in yard.events("merged"):
        commit = event.payload["commit"]
        files = git(yard.origin, "ls-tree", "-r", "--name-only", commit).split()
        assert "BROKEN" not in files


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_ends_merged_once_each(tmp_path, seed):
    """Conflicts are resolved, failures mended, and every bead's work is on main exactly once."""
    with yard_in(tmp_path) as yard:
        crowd = Crowd(yard, seed)
        for _ in range(ROUNDS):
            for _ in range(crowd.random.randrange(3) if len(crowd.made) < 10 else 0):
                crowd.more()
            yard.cycle()
            crowd.go_on()
            yard.whole()
            if len(crowd.made) >= 10 and not crowd.open() and not crowd.hooked():
                break
        assert not crowd.open()
        green(yard)
        beads = [request.bead for request in crowd.made]
        merged = [one.bead for one in yard.find(MergeRequest, rig="api", state=MERGED)]
        assert sorted(merged) == sorted(beads)
        files = yard.main_files()
        assert {f"own-w{number}" for number in range(len(beads))} <= files
        assert yard.events("merge_failed"), "nothing went wrong, so nothing was tried here"
