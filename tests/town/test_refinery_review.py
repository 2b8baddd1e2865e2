"""The strategy `pr`: what passed its gates is handed to a person, and their merge is seen."""

from dataclasses import replace

import pytest

from ledger.beads.rows import CLOSED
from ledger.workspace.talk import Message
from ledger.workspace.work import MERGED, REJECTED, REVIEW, MergeRequest
from tests.town.refining import GATE, Yard, yard_in
from tests.town.towns import git
from town.refinery.pulls import page_of
from town.refinery.sight import REVIEW_LOOK_US, Sight
from town.refinery.standing import view_of


@pytest.fixture
def yard(tmp_path):
    """A town whose work a person merges."""
    with yard_in(tmp_path) as found:
        found.gates({"test": {"cmd": GATE}}, merge_strategy="pr", vcs_provider="github")
        yield found


@pytest.mark.parametrize(
    ("address", "provider", "page"),
    [
        ("https://github.com/you/repo.git", "",
         "https://github.com/you/repo/compare/main...polecat%2Fa%401?expand=1"),
        ("git@github.com:you/repo", "",
         "https://github.com/you/repo/compare/main...polecat%2Fa%401?expand=1"),
        ("ssh://git@code.example.org:22/you/repo.git", "github",
         "https://code.example.org/you/repo/compare/main...polecat%2Fa%401?expand=1"),
        ("https://bitbucket.org/you/repo", "",
         "https://bitbucket.org/you/repo/pull-requests/new?source=polecat%2Fa%401&dest=main"),
        ("https://code.example.org/you/repo", "", ""),
        ("../repo.git", "github", ""),
    ],
)  # fmt: skip
def test_the_page_of_a_pull_request_is_that_of_a_known_host(address, provider, page):
    """However the address is written; of an unknown host, or of a path, there is none."""
    assert page_of(address, branch="polecat/a@1", target="main", provider=provider) == page


def merged_by_hand(yard: Yard, request: MergeRequest, how: str) -> str:
    """The commit on main with which a person merged the branch."""
    clone = yard.clone
    git(clone, "fetch", "-q", "origin")
    git(clone, "checkout", "-q", "-B", "main", "origin/main")
    branch = f"origin/{request.branch}"
    if how == "merge":
        git(clone, "merge", "-q", "--no-ff", "-m", "Pull request", branch)
    elif how == "squash":
        git(clone, "merge", "-q", "--squash", branch)
        git(clone, "commit", "-q", "-m", "Pull request")
    else:
        git(clone, "cherry-pick", f"origin/main..{branch}")
    commit = git(clone, "rev-parse", "HEAD").strip()
    # What it changed is other by the time that anybody looks.
    (clone / "later").write_text(how, "utf-8")
    git(clone, "add", "later")
    git(clone, "commit", "-q", "-m", "later")
    git(clone, "push", "-q", "origin", "main")
    return commit


def check_handed_over(yard: Yard, requests: list[MergeRequest]) -> None:
    """Each waits for a person, who was told once, and was tried by itself."""
    for request in requests:
        found = yard.request(request)
        assert (found.state, found.merge_commit) == (REVIEW, "")
        assert f"open a pull request of {request.branch} into main" in found.reason
        assert yard.bead_of(request).status == "in_progress"
    assert len([one for one in yard.find(Message) if one.subject.startswith("To be merged")]) == 3
    assert all(len(run.requests) <= 1 for run in yard.runs())
    desks = yard.works()
    view = view_of(desks.refinery, desks.rigs.rig("api"), desks.queue.listed("api"))
    (waits,) = {line.waiting_on for line in view.waiting}
    assert waits == "waiting on a person to merge it into main"


def check_seen_to_be_merged(yard: Yard, requests: dict[str, MergeRequest]) -> None:
    """Nothing is until a person did it; then it is, with the very commit."""
    assert yard.cycle(at_once=True).merged == []
    for how, request in requests.items():
        commit = merged_by_hand(yard, request, how)
        assert yard.cycle(at_once=True).merged == [request.id], how
        found = yard.request(request)
        assert (found.state, found.merge_commit) == (MERGED, commit), how
        assert (yard.bead_of(request).status, found.reason[:18]) == (CLOSED, "merged by a person")
        assert request.branch not in git(yard.origin, "branch", "--list")


def test_what_passed_waits_for_a_person_whose_merge_is_seen_however_it_was_made(yard: Yard):
    """Gated each by itself, told once, merged by nobody here; then bead and branch are over."""
    requests = {}
    for how in ("merge", "squash", "rebase"):
        first = yard.handed_in(how, {how: "1\n"})
        sha = yard.branch(first.branch, {how: "2\n", f"{how}2": "x"}, base=first.branch)
        requests[how] = yard.submitted(how, first.bead, first.branch, sha)
    bad = yard.handed_in("bad", {"BROKEN": "x"})
    before = yard.main()
    cycles = yard.drained()
    assert [one for cycle in cycles for one in cycle.failed] == [bad.id]
    assert yard.request(bad).state == REJECTED
    assert yard.main() == before
    check_handed_over(yard, list(requests.values()))
    check_seen_to_be_merged(yard, requests)


def test_a_person_gives_back_what_they_do_not_merge_and_looks_are_rare(yard: Yard):
    """Rejected as any other; the remote is asked once a minute, and by `gt refinery run`."""
    request = yard.handed_in("nux", {"a": "1"})
    yard.drained()
    sight = Sight(yard.private.store, yard.works().refinery.ports, "api")
    state = yard.state()
    sight.ports = replace(sight.ports, now=lambda: state.cycled_at + REVIEW_LOOK_US - 1)
    assert not sight.begun()
    sight.ports = replace(sight.ports, now=lambda: state.cycled_at + REVIEW_LOOK_US)
    assert sight.begun()
    works = yard.works()
    assert works.queue.reject(request.id, "not wanted").state == REJECTED
    assert yard.bead_of(request).status == "open"
    assert works.queue.retry(request.id).state == "ready"
    yard.drained()
    assert yard.request(request).state == REVIEW


def test_the_branch_of_a_pull_request_is_brought_to_the_remote_and_never_over_anothers(yard: Yard):
    """What stayed in the town is pushed, also on top of an older part; another's commits stay."""
    repository, made = yard.workspace.rig("api").repository, {}
    for name in ("gone", "older", "other"):
        first = yard.handed_in(name, {name: "1"})
        (yard.clone / name).write_text("2", "utf-8")
        git(yard.clone, "commit", "-qam", f"More of {name}")
        sha = git(yard.clone, "rev-parse", "HEAD").strip()
        git(repository, "fetch", "-q", str(yard.clone), sha)
        made[name] = yard.submitted(name, first.bead, first.branch, sha)
    git(yard.clone, "push", "-q", "origin", f":{made['gone'].branch}")
    elsewhere = yard.branch(made["other"].branch, {"other": "by somebody"})
    cycles = yard.drained()
    assert [one for cycle in cycles for one in cycle.failed] == [made["other"].id]
    for name in ("gone", "older"):
        assert yard.request(made[name]).state == REVIEW
        assert git(yard.origin, "rev-parse", made[name].branch).strip() == made[name].sha
    assert git(yard.origin, "rev-parse", made["other"].branch).strip() == elsewhere
