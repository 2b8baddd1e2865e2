"""`bd orphans`: beads that the commits of a real repository name, and nobody closed."""

from contextlib import closing

import pytest

from tests.cli.beads import TypedBeads
from tests.town.towns import environment, git


@pytest.fixture
def beads(tmp_path):
    """A project with commits, and five beads that stand open."""
    git(tmp_path, "init", "-q", "-b", "main")
    with closing(TypedBeads(tmp_path)) as found:
        found.env |= environment(tmp_path)
        for name in ("one", "two", "thr", "fou", "fiv"):
            found.json("create", name, "--id", f"gt-{name}", "-l", name)
        for message in (
            "Begin (gt-one)",
            "Mend the cache\n\nCloses: gt-two\n* Fixes gt-thr.\n\nThis is not about gt-fou.",
            "GT-one: end it, and nothing of gt-fiv-too or ogt-fiv or gt-fiv.1",
        ):
            git(tmp_path, "commit", "-q", "--allow-empty", "-m", message)
        git(tmp_path, "branch", "other")
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", "gt-fou")
        git(tmp_path, "checkout", "-q", "other")
        yield found


def named(beads, *words):
    """The ids that a line found."""
    return [one["issue_id"] for one in beads.json("orphans", *words)]


def test_a_bead_that_a_commit_names_as_its_own_is_found(beads):
    """By the newest commit that names it; unmerged branches count where they are asked for."""
    told = beads.json("orphans")
    assert [one["issue_id"] for one in told] == ["gt-one", "gt-thr", "gt-two"]
    assert told[0]["latest_commit_message"].startswith("GT-one: end it")
    assert told[1]["latest_commit_message"] == "Mend the cache"
    assert sorted(told[0]) == [
        "issue_id", "latest_commit", "latest_commit_message", "status", "title",
    ]  # fmt: skip
    assert named(beads, "--all") == ["gt-fou", "gt-one", "gt-thr", "gt-two"]
    assert named(beads, "--label", "two,thr") == []
    assert named(beads, "--label-any", "two,thr") == ["gt-thr", "gt-two"]
    beads.json("close", "gt-two")
    assert named(beads) == ["gt-one", "gt-thr"]
    text = beads.type("orphans", "--details").text
    assert text.splitlines()[1].strip().startswith("GT-one: end it")


def test_orphans_are_closed_where_somebody_says_so(beads):
    """Nobody is asked who cannot answer; one that waits for another is left, and named."""
    beads.json("dep", "add", "gt-thr", "gt-fiv")
    assert beads.refused("orphans", "--fix")["code"] == "usage.needs_yes"
    paper = beads.type("orphans", "--fix", "--yes")
    assert paper.code == 1
    assert "left    cannot close gt-thr: blocked by open issues gt-fiv\n" in paper.text
    (one,) = beads.json("show", "gt-one")
    assert one["status"] == "closed"
    assert one["close_reason"].startswith("Implemented in ")
    beads.json("close", "gt-fiv")
    assert beads.json("orphans", "--fix", "-y") == [
        {"issue_id": "gt-thr", "status": "closed", "why": ""}
    ]
    assert beads.type("orphans").text == "no open bead is named by a commit\n"


def test_where_there_is_no_history_nobody_says_that_there_are_no_orphans(tmp_path):
    """A folder without a repository is refused, with git's words."""
    with closing(TypedBeads(tmp_path)) as beads:
        beads.env |= {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent), **environment(tmp_path)}
        assert beads.refused("orphans")["code"] == "git.failed"
