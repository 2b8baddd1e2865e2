"""The rules between an item and its bead: values in, values out."""

import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.beads.rules import TITLE_CHARS_MAX, checked, labelled
from ledger.workspace.link import (
    LOST,
    Claim,
    CompletionDraft,
    bead_fields,
    branch_for,
    draft_of,
    evidence_of,
    is_due,
    outcome_of,
    quoted,
    repository_key,
    rig_of,
    title_of,
    typed_line,
)
from ledger.workspace.rows import Rig
from ledger.workspace.work import DONE, LOCAL, MERGED, Assignment, GateRun, MergeRequest
from town.market.handing_in import evidence_piece

SAME = [
    *("https://example.org/you/repo.git", "https://example.org/you/repo"),
    *("http://EXAMPLE.org/you/repo/", "git@example.org:you/repo.git", "example.org:you/repo"),
    *("ssh://git@example.org/you/repo.git", "ssh://git@example.org:22/you/repo/"),
    *("git://example.org/you/repo.git/", " https://user:key@example.org:443/you/repo.git "),
]
OTHERS = [
    *("https://example.org/you/other", "https://example.com/you/repo", "https://example.org/repo"),
    *("https://example.org:8443/you/repo", "/you/repo", "https://example.org/You/repo"),
]
TEXT = st.text(max_size=60)


@pytest.mark.parametrize("url", SAME)
def test_one_repository_has_one_key_however_its_address_is_written(url):
    """With and without .git, a slash at the end, a scheme, a user, a usual port."""
    assert repository_key(url) == "example.org/you/repo"
    rig = Rig(name="r", prefix="r", git_url=url)
    assert all(rig_of(one, [Rig(name="x"), rig]) == rig for one in SAME)
    assert [rig_of(one, [rig]) for one in OTHERS] == [None] * len(OTHERS)


def test_a_folder_is_its_own_key_and_nothing_is_nobodys():
    """A path with and without its scheme; an empty address fits no project without one."""
    assert repository_key("file:///src/api.git") == repository_key("/src/api") == "/src/api"
    assert rig_of("", [Rig(name="r")]) is rig_of("  ", [Rig(name="r")]) is None
    upstream = Rig(name="r", git_url="/mirror", upstream_url="git@example.org:a/b.git")
    assert rig_of("https://example.org/a/b", [upstream]) == upstream


@given(
    st.fixed_dictionaries(
        {"title": TEXT, "description": TEXT},
        optional={
            "check": TEXT, "done_when": st.lists(TEXT, max_size=3), "tags": st.lists(TEXT),
            "type": st.one_of(st.none(), st.sampled_from(["bug", "docs", "epic", ""])),
            "priority": st.one_of(st.none(), st.integers(0, 4)), "repo": TEXT, "deliver": TEXT,
        },
    ),
    TEXT,
)  # fmt: skip
@example({"title": "\0", "description": "a\0b", "check": "c\0"}, "\0")
def test_whatever_a_stranger_wrote_makes_a_bead_and_none_of_it_passes_for_ours(said, poster):
    """The database takes it; each line of theirs is marked; the title is one line and no option."""
    claim = Claim(item="w-1a2b", wasteland="x", poster=poster, fields=said)
    made = labelled(Bead(id="hq-1", title=title_of(claim), **bead_fields(claim)))
    assert checked(made) == made
    assert made.issue_type in ("bug", "task")
    assert not made.title.startswith("-")
    assert len(made.title) <= TITLE_CHARS_MAX
    assert all(ord(one) >= 32 for one in made.title)
    ours = [line for line in made.description.split("\n")[3:] if not line.startswith(">")]
    assert {*ours} <= {"", "order about anything else.", "repo:", "deliver:"}
    theirs = [*quoted(said["description"]), *quoted(str(said.get("check") or ""))]
    assert all(line.startswith("> ") for line in theirs)


def test_a_branch_names_its_item_and_two_tries_never_share_one():
    """The first is `wl/<id>`; beads that are of no item keep the town's own branches."""
    bead = Bead(id="ap-1", external_ref="w-12", source_system="wasteland")
    had: list[str] = []
    for _ in range(3):
        had.append(branch_for(bead, had))
    assert had == ["wl/w-12", "wl/w-12-2", "wl/w-12-3"]
    assert branch_for(bead, ["wl/w-123", "polecat/x/ap-1@1"]) == "wl/w-12"
    assert branch_for(Bead(id="ap-2", external_ref="gh-9"), []) == ""


def test_a_sign_renews_by_the_markets_own_rule():
    """A twelfth of the lease after the last one, and never for what is not held."""
    claim = Claim(item="w-1", wasteland="x", lease_us=1_200, last_sign=1_000)
    assert [is_due(claim, at, 12) for at in (0, 1_000, 1_099, 1_100)] == [False] * 3 + [True]
    assert not is_due(Claim(item="w-1", wasteland="x", stands=LOST, lease_us=1_200), 9_999, 12)


def test_a_draft_has_the_gates_of_its_own_merge():
    """The run on the merged commit counts, not an earlier one, and never one that failed."""
    bead = Bead(id="ap-1", title="Fix it", close_reason="Merged in cc")
    request = MergeRequest(
        id="mr-1", bead="ap-1", state=MERGED, merge_commit="cc", target="main", worker="nux"
    )
    runs = [
        GateRun(id="1", sha="cc", passed=False, gates={"test": {"status": "failed"}}, at=9),
        GateRun(id="2", sha="cc", passed=True, gates={"test": {"status": "passed"}}, at=3),
        GateRun(
            id="3", sha="dd", requests=("mr-1",), passed=True,
            gates={"test": {"status": "skipped"}}, at=8,
        ),
    ]  # fmt: skip
    outcome = outcome_of(bead, [request], [])
    assert outcome is not None
    assert (outcome.sha, outcome.target, outcome.request) == ("cc", "main", "mr-1")
    assert outcome_of(Bead(id="ap-1", close_reason="not wanted"), [request], []) is None
    claim = Claim(item="w-12", wasteland="x")
    draft = draft_of(claim, bead, outcome, runs, now=7)
    assert draft.evidence["gates"] == {"test": "passed"}
    batch = draft_of(claim, bead, outcome, runs[2:], now=7)
    assert evidence_of(batch) == ("commit:cc", "gate:test skipped at dd")
    assert draft_of(claim, bead, outcome, [], now=7).summary.endswith("gates: none")


def test_work_that_no_gate_saw_is_never_said_to_have_passed_one():
    """Whatever was closed without a merge request lies on its branch, not merged; gates: none."""
    bead = Bead(id="ap-1", title="Fix it", close_reason="Done in cc")
    work = Assignment(
        id="as-1", bead="ap-1", agent="nux", state=DONE, branch="wl/w-12", base="main", merge=LOCAL
    )
    runs = [GateRun(id="2", sha="cc", passed=True, gates={"test": {"status": "passed"}})]
    claim = Claim(item="w-12", wasteland="x")
    ends = []
    for one in (work, replace(work, no_merge=True, merge="mr")):
        outcome = outcome_of(bead, [], [one])
        assert outcome is not None
        draft = draft_of(claim, bead, outcome, runs, now=7)
        assert evidence_of(draft) == ("commit:cc",)
        ends.append(draft.summary)
    assert ends[0] == ends[1] == "Fix it: done as cc on wl/w-12, not merged, by nux; gates: none"
    assert outcome_of(bead, [], []) is None
    assert outcome_of(Bead(id="ap-1", close_reason="Done in "), [], [work]) is None
    assert outcome_of(Bead(id="ap-1", close_reason="Not Done in cc"), [], [work]) is None


@given(TEXT, st.dictionaries(st.text(min_size=1, max_size=9), st.just("passed"), max_size=3))
def test_the_line_to_type_means_what_the_draft_says(summary, gates):
    """A shell gives `gt wl done` exactly the evidence and the summary, whatever stands in them."""
    draft = CompletionDraft(
        item="w-12", sha="cc", summary=summary, evidence={"gates": gates, "gated": "cc"}
    )
    words = shlex.split(typed_line(draft))
    assert words[:4] == ["gt", "wl", "done", "w-12"]
    assert (*words[4:-2],) == tuple(
        word for piece in evidence_of(draft) for word in ("--evidence", piece)
    )
    assert words[-1] == summary
    kinds = [evidence_piece(piece)["kind"] for piece in evidence_of(draft)]
    assert kinds == ["commit", *["gate"] * len(gates)]
