"""A town whose project has gates, and workers that hand work in: real git, real shells."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import HOOKED, IN_PROGRESS, Bead
from ledger.private.rows import Event
from ledger.private.store import Change
from ledger.workspace.rows import Agent
from ledger.workspace.work import (
    ACTIVE,
    IDLE,
    SUBMITTED,
    TO_QUEUE,
    Assignment,
    GateRun,
    MergeRequest,
    RefineryState,
)
from tests.town.towns import TestTown, git
from town.node.home import Home
from town.node.private import OpenPrivate
from town.refinery.cycle import Cycle
from town.refinery.queue import Asked, Queue
from town.workspace.files import write_json

GATE = "test ! -e BROKEN"


class Yard(TestTown):
    """A town with a project, its gates, and somebody's clone in which branches are made."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.add_rig()
        self.clone = folder / "clone"
        git(folder, "clone", "-q", str(self.origin), str(self.clone))
        self.gates({"test": {"cmd": GATE}})

    def reopen(self) -> None:
        """The town is open again, after somebody else had it."""
        self.private = OpenPrivate(Home(self.workspace.home), {})

    # --- how the project merges

    def gates(self, gates: Mapping[str, Mapping[str, Any]], **more: Any) -> None:
        """The project's gates, and what else its merge queue is told."""
        told = {"retry_flaky_tests": 0, "batch": {"batch_wait_time": "0s"}, "gates": gates, **more}
        place = self.workspace.rig("api").settings
        write_json(place, {"type": "rig-settings", "version": 1, "merge_queue": told})

    # --- work

    def branch(
        self, name: str, files: Mapping[str, str], *, base: str = "main", message: str = ""
    ) -> str:
        """The commit of a branch with these files, pushed."""
        git(self.clone, "fetch", "-q", "origin")
        git(self.clone, "checkout", "-q", "-B", name, f"origin/{base}")
        for path, text in files.items():
            (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / path).write_text(text, "utf-8")
        git(self.clone, "add", "-A")
        git(self.clone, "commit", "-q", "-m", message or f"Do {name}")
        git(self.clone, "push", "-q", "-f", "origin", name)
        return git(self.clone, "rev-parse", "HEAD").strip()

    def remove(self, name: str, path: str) -> str:
        """The commit of a branch that has one file less, pushed."""
        git(self.clone, "fetch", "-q", "origin")
        git(self.clone, "checkout", "-q", "-B", name, "origin/main")
        git(self.clone, "rm", "-q", path)
        git(self.clone, "commit", "-q", "-m", f"Remove {path}")
        git(self.clone, "push", "-q", "-f", "origin", name)
        return git(self.clone, "rev-parse", "HEAD").strip()

    def handed_in(
        self, name: str, files: Mapping[str, str], *, target: str = "main", **more: Any
    ) -> MergeRequest:
        """Work of the worker `name`, handed in: bead, assignment, agent, branch, request."""
        bead = more.pop("bead", "") or self.bead(f"Work of {name}")
        branch = f"polecat/{name}/{bead}"
        base = more.pop("base", target)
        message = more.pop("message", "")
        sha = more.pop("sha", "") or self.branch(branch, files, base=base, message=message)
        return self.submitted(name, bead, branch, sha, target=target, **more)

    def submitted(
        self, name: str, bead: str, branch: str, sha: str, *, target: str = "main", **more: Any
    ) -> MergeRequest:
        """What `gt done` writes, for a branch that is pushed."""
        works = self.works(f"api/polecats/{name}")
        queue = works.queue
        known = self.find(Assignment, bead=bead, state=ACTIVE)
        work = Assignment(
            id=known[0].id if known else f"as-{name}-{sha[:6]}", bead=bead,
            agent=f"api/polecats/{name}", rig="api", state=SUBMITTED, branch=branch, base=target,
            merge=TO_QUEUE, worktree=f"api/polecats/{name}/api",
            attempt=known[0].attempt if known else 1,
        )  # fmt: skip
        asked = Asked(
            rig="api", branch=branch, sha=sha, target=target, bead=bead, assignment=work.id,
            worker=work.agent, **more,
        )  # fmt: skip

        def turn() -> tuple[MergeRequest, Change]:
            request, change = queue.asked(asked)
            old = self.private.store.get(Bead, bead)
            assert old is not None
            if not change:
                return request, change  # asked for before
            new = rules.moved(old, IN_PROGRESS, now=old.updated_at, assignee=work.agent)
            agent = Agent(id=work.agent, role="polecat", rig="api", name=name, state=IDLE)
            held = replace(work, request=request.id)
            return request, change + Change(puts=(new, agent, held))

        return queue.act("test", turn)

    # --- the refinery

    def cycle(self, *, at_once: bool = False) -> Cycle:
        """One cycle, as the supervisor begins it."""
        return self.works("overseer").refinery.cycle("api", at_once=at_once)

    def drained(self, most: int = 20) -> list[Cycle]:
        """Cycles until there is nothing more to do."""
        found = []
        for _ in range(most):
            found.append(self.cycle())
            if not found[-1].due:
                return found
        raise AssertionError(f"never done: {found}")

    def drained_at_once(self, most: int = 20) -> None:
        """The same, with nothing waited for, also where something was broken."""
        for _ in range(most):
            if not self.cycle(at_once=True).due:
                return
        raise AssertionError("never done")

    # --- looking

    def get(self, kind: Any, *key: str) -> Any:
        return self.private.run(lambda: self.private.store.get(kind, *key))

    def find(self, kind: Any, **where: Any) -> list[Any]:
        return self.private.run(lambda: list(self.private.store.find(kind, **where)))

    def request(self, request: MergeRequest) -> MergeRequest:
        found = self.get(MergeRequest, request.id)
        assert found is not None
        return found

    def bead_of(self, request: MergeRequest) -> Bead:
        found = self.get(Bead, request.bead)
        assert found is not None
        return found

    def state(self) -> RefineryState:
        return self.get(RefineryState, "api") or RefineryState(rig="api")

    def runs(self) -> list[GateRun]:
        """What the gates found, in order."""
        return sorted(self.find(GateRun), key=lambda run: run.at)

    def events(self, kind: str) -> list[Event]:
        found = self.private.run(lambda: self.private.store.events(0))
        return [event for event in found if event.kind == kind]

    def main(self, branch: str = "main") -> list[str]:
        """The commits of the remote's branch behind the first, the oldest first."""
        told = git(self.origin, "rev-list", "--reverse", "--first-parent", branch)
        return told.split()[1:]

    def main_files(self, branch: str = "main") -> set[str]:
        return set(git(self.origin, "ls-tree", "-r", "--name-only", branch).split())

    def clean(self) -> bool:
        """Whether the scratch worktree is as its branch has it."""
        place = self.workspace.rig("api").refinery
        status = git(place, "status", "--porcelain", "--ignored").strip()
        return not status and git(place, "branch", "--show-current").strip() == "main"

    def whole(self) -> None:
        """What holds after everything: main only at gated commits, closed beads are in it."""
        passed = {run.sha for run in self.find(GateRun) if run.passed}
        tips = {event.payload["commit"] for event in self.events("merged")}
        for commit in tips:
            target = git(self.origin, "branch", "--contains", commit).split()
            assert target, f"{commit} is merged and nowhere"
        assert git(self.origin, "rev-parse", "main").strip() in passed | {self.first()}
        for request in self.find(MergeRequest, state="merged"):
            bead = self.get(Bead, request.bead) if request.bead else None
            assert bead is None or bead.status == "closed"
        for agent in self.find(Agent):
            hooked = self.get(Bead, agent.hook_bead) if agent.hook_bead else None
            assert hooked is None or hooked.status in (HOOKED, IN_PROGRESS)
        assert self.clean()

    def first(self) -> str:
        return git(self.origin, "rev-list", "--max-parents=0", "main").strip()


@contextmanager
def yard_in(folder: Path) -> Iterator[Yard]:
    """A town with a project and gates, open until the block ends, and sound then."""
    yard = Yard(folder)
    try:
        yield yard
        yard.check_sound()
    finally:
        yard.private.close()


__all__ = ["GATE", "Queue", "Yard", "yard_in"]
