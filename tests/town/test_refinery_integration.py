"""Integration branches: the work below an epic is gathered, and lands in one merge."""

import subprocess
from pathlib import Path

import pytest

from ledger.beads.rows import CLOSED, EPIC, Bead
from ledger.merging.integration import (
    NAME_CHARS_MAX,
    Readiness,
    above,
    free_name,
    name_of,
)
from tests.town.refining import Yard, yard_in
from tests.town.towns import environment, git
from tests.town.wrapped_git import KILL, wrapped_git
from town.beads.desk import Draft
from town.hooks.slinging import Order
from town.hooks.target import Target
from town.refinery.integration import (
    IntegrationError,
    LandingFailedError,
    NoIntegrationError,
    NotReadyError,
)


@pytest.fixture
def yard(tmp_path):
    """A town whose gate fails where a file is called BROKEN."""
    with yard_in(tmp_path) as found:
        yield found


class Release:
    """An epic with two children, whose work is gathered on a branch."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.rig = yard.works().rigs.rig("api")
        self.epic = yard.bead("Release Two", issue_type=EPIC)
        beads = yard.private.beads(yard.works().ports.caller)
        self.children = [
            beads.create(Draft(title=f"Part {n}", prefix="ap", parent=self.epic)).id
            for n in range(2)
        ]
        self.work = yard.works().integration

    def create(self, **more):
        return self.work.create(self.rig, self.epic, **more)

    def land(self, **more):
        return self.yard.works().integration.land(self.rig, self.epic, **more)

    def done(self, *which: int) -> None:
        """Those children are handed in, and merged into the branch."""
        view = self.work.status(self.rig, self.epic)
        for n in which:
            child = self.children[n]
            target = self.work.target_for(self.rig, bead=child)
            assert target == view.branch
            self.yard.handed_in(f"w{n}", {f"part{n}": "x"}, bead=child, target=target)
        self.yard.drained()

    def close(self, child: int) -> None:
        self.yard.private.beads(self.yard.works().ports.caller).close(self.children[child])


def test_the_work_of_an_epic_lands_in_one_merge(yard: Yard):
    """Scenario 21: children go to the branch, main gets one merge, branch and epic are over."""
    release = Release(yard)
    made = release.create()
    assert (made.branch, made.base, made.there) == ("integration/release-two", "main", True)
    release.done(0, 1)
    assert yard.main() == []
    assert yard.main_files(made.branch) == {"README", "part0", "part1"}
    view = release.work.status(release.rig, release.epic)
    assert (view.readiness.ahead, len(view.merged), view.readiness.missing) == (2, 2, ())
    landed = release.land()
    (commit,) = yard.main()
    assert landed.commit == commit
    assert len(git(yard.origin, "rev-list", "--parents", "-1", commit).split()) == 3
    assert f"Epic: {release.epic}" in git(yard.origin, "log", "-1", "--format=%B", commit)
    assert yard.main_files() == {"README", "part0", "part1"}
    assert "integration" not in git(yard.origin, "branch", "--list")
    assert yard.get(Bead, release.epic).status == CLOSED
    assert [run.why for run in yard.runs() if run.sha == commit] == ["land"]
    again = release.land()
    assert (again.again, again.commit, len(yard.main())) == (True, commit, 1)


def test_work_that_is_slung_below_an_epic_is_meant_for_its_branch(yard: Yard):
    """Its worktree begins there; where that is switched off, or said otherwise, it does not."""
    release = Release(yard)
    made = release.create()
    release.done(0)
    target = Target(rig="api", agent="", role="polecat")

    def base(bead: str, **more: str) -> str:
        return yard.works().hooks.rehearse(Order(bead=bead, target=target, **more)).work.base

    assert base(release.children[1]) == made.branch
    assert base(release.children[1], base="main") == "main"
    assert base(yard.bead("Alone")) == "main"
    slung = yard.works().hooks.sling(Order(bead=release.children[1], target=target))
    assert (yard.workspace.root / slung.work.worktree / "part0").exists()
    yard.gates({}, integration_branch_polecat_enabled=False)
    other = yard.bead("Late", prefix="ap")
    yard.private.beads(yard.works().ports.caller).link([(other, release.epic, "parent-child")])
    assert base(other) == "main"


def test_what_is_not_whole_is_not_landed(yard: Yard):
    """Scenario 21: an open child, or a waiting request, keeps it; by force what is there lands."""
    release = Release(yard)
    made = release.create()
    with pytest.raises(NotReadyError, match="nothing that its base does not have"):
        release.land(force=True)
    release.done(0)
    with pytest.raises(NotReadyError, match="1 of 2 children are open"):
        release.land()
    late = yard.handed_in("w1", {"part1": "x"}, bead=release.children[1], target=made.branch)
    with pytest.raises(NotReadyError, match="1 merge requests wait"):
        release.land()
    assert yard.main() == []
    assert release.land(force=True, dry=True).rehearsed
    assert yard.main() == []
    release.land(force=True)
    assert yard.main_files() == {"README", "part0"}
    assert yard.request(late).state == "ready"


def test_what_does_not_pass_or_merge_is_not_landed(yard: Yard):
    """The gates run on the merge itself; a conflict is said; main stays where it is."""
    release = Release(yard)
    release.create()
    release.done(0, 1)
    yard.gates({"test": {"cmd": "echo too many; ! test -e part1"}})
    with pytest.raises(LandingFailedError, match="gate test") as failed:
        release.land()
    assert "too many" in failed.value.output
    assert yard.main() == []
    assert yard.clean()
    yard.gates({"test": {"cmd": "true"}})
    other = yard.handed_in("other", {"part0": "another"})
    assert yard.drained()[0].merged == [other.id]
    with pytest.raises(LandingFailedError, match="does not merge"):
        release.land()
    assert yard.clean()
    assert len(yard.main()) == 1


def test_landing_that_was_cut_short_is_finished(yard: Yard, tmp_path: Path):
    """Scenario 21: killed after the push and before cleaning up, it is landed once."""
    release = Release(yard)
    release.create()
    release.done(0, 1)
    yard.private.close()
    env = environment(tmp_path) | {"PATH": wrapped_git(tmp_path / "bin", "push", then=KILL)}
    line = "import cli.launcher; cli.launcher.main('gt')"
    import sys  # noqa: PLC0415

    argv = [sys.executable, "-c", line, "mq", "integration", "land", release.epic]
    done = subprocess.run(
        argv, cwd=yard.workspace.root, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == -9, (done.stdout, done.stderr)
    yard.reopen()
    (commit,) = yard.main()
    assert "integration" in git(yard.origin, "branch", "--list")
    assert yard.get(Bead, release.epic).status != CLOSED
    landed = release.land()
    assert (landed.again, landed.commit) == (True, commit)
    assert yard.main() == [commit]
    assert "integration" not in git(yard.origin, "branch", "--list")
    assert yard.get(Bead, release.epic).status == CLOSED


def test_a_branch_is_made_once_and_only_for_an_open_epic(yard: Yard):
    """Again it is the same one; a name that is taken gets a number; a task gets none."""
    release = Release(yard)
    first = release.create()
    assert release.create(template="other/{epic}").branch == first.branch
    git(yard.origin, "branch", "rel/two", "main")
    other = Release(yard)
    assert other.create(template="rel/two").branch == "rel/two-2"
    with pytest.raises(IntegrationError, match="no open epic"):
        other.work.create(other.rig, other.children[0])
    with pytest.raises(NoIntegrationError):
        other.work.status(other.rig, other.children[0])
    with pytest.raises(IntegrationError, match="no branch nowhere"):
        Release(yard).create(base="nowhere")


def test_the_side_door_to_main_is_shut(yard: Yard):
    """A push that would bring the branch into main is refused, an ordinary one is not."""
    release = Release(yard)
    made = release.create()
    release.done(0)
    place = yard.workspace.rig("api").mayor
    git(place, "fetch", "-q", "origin")
    git(place, "checkout", "-q", "--detach", f"origin/{made.branch}")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        git(place, "push", "-q", "origin", "HEAD:refs/heads/main")
    assert "gt mq integration land" in refused.value.stderr
    assert yard.main() == []
    git(place, "checkout", "-q", "--detach", "origin/main")
    (place / "plain").write_text("x")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "plain")
    git(place, "push", "-q", "origin", "HEAD:refs/heads/main")
    assert "plain" in yard.main_files()


def test_names_are_short_and_made_of_what_git_takes():
    """Whatever the title; nothing sensible left is no name."""
    epic = Bead(id="ap-abcde", title="Ünïcode / Spaces & more " * 9, issue_type=EPIC)
    found = name_of("integration/{title}", epic, prefix="ap", user="max")
    assert len(found) <= NAME_CHARS_MAX
    assert found.startswith("integration/")
    assert found.isascii()
    assert found[-1].isalnum()
    assert name_of("{user}/{prefix}/{epic}", epic, prefix="ap", user="max") == "max/ap/ap-abcde"
    assert name_of("///", epic, prefix="ap", user="max") == ""
    assert name_of("..", epic, prefix="ap", user="max") == ""
    taken = {"a", "a-2"}
    assert free_name("a", taken.__contains__) == "a-3"
    long = "x" * NAME_CHARS_MAX
    assert len(free_name(long, {long}.__contains__)) == NAME_CHARS_MAX


def test_the_nearest_branch_above_counts_and_not_for_ever():
    """Ten levels up at most; a closed epic's branch counts no more."""
    beads = {f"b{n}": Bead(id=f"b{n}") for n in range(20)}
    parents = {f"b{n}": f"b{n + 1}" for n in range(19)}

    def marked(name: str, **more: str) -> None:
        beads[name] = Bead(id=name, metadata={"integration_branch": f"i/{name}"}, **more)

    def found(start: str) -> str:
        bead = above(start, lambda one: parents.get(one, ""), beads.get)
        return bead.id if bead is not None else ""

    assert found("b0") == ""
    marked("b11")
    assert (found("b0"), found("b1")) == ("", "b11")
    marked("b3")
    assert found("b0") == "b3"
    marked("b3", status="closed")
    assert found("b3") == "b11"


def test_what_is_missing_is_said():
    """Ahead, children, all of them closed, nothing pending."""
    assert Readiness(ahead=1, children=2, closed=2).missing == ()
    assert len(Readiness().missing) == 2
    assert len(Readiness(ahead=1, children=2, closed=1, pending=3).missing) == 2
