"""`bd prune` and `purge`: closed beads go, and nothing that somebody still needs."""

from contextlib import closing

import pytest
from msgspec.structs import replace

from ledger.beads.rows import Bead, Comment, Link
from ledger.private.store import Change
from ledger.workspace.rows import Rig
from tests.beads.worlds import DAY
from tests.cli.beads import TypedBeads


@pytest.fixture
def beads(tmp_path):
    """Closed work of today and of long ago, wisps, and an open bead that needs one of them."""
    with closing(TypedBeads(tmp_path)) as found:
        for name in ("new", "old", "pin", "nee"):
            found.json("create", name, "--id", f"gt-{name}")
        found.json("create", "wisp", "--id", "gt-wis", "--ephemeral")
        found.json("create", "live", "--id", "gt-liv", "--deps", "gt-nee")
        found.json("dep", "add", "gt-old", "gt-new", "--type", "related")
        found.json("comment", "gt-wis", "said")
        found.json("close", "gt-new", "gt-old", "gt-pin", "gt-nee", "gt-wis")
        aged(found, "gt-old", "gt-pin", "gt-nee")
        yield found


def aged(beads, *names):
    """These were closed a hundred days ago, and one of them is pinned."""
    store = beads.private.store

    def work():
        rows = [store.get(Bead, name) for name in names]
        store.apply(
            Change(
                puts=tuple(
                    replace(r, closed_at=r.closed_at - 100 * DAY, pinned=r.id == "gt-pin")
                    for r in rows
                )
            )
        )

    beads.private.run(work)


def left(beads):
    """The ids that are there, wisps too."""
    found = beads.json("list", "--all", "--include-ephemeral", "-n", "0")
    return {bead["id"].removeprefix("gt-") for bead in found}


def test_old_work_goes_and_what_is_needed_stays(beads):
    """First it is shown; pinned ones, and what something live is linked to, stay."""
    before = beads.rows()
    told = beads.json("prune", "--older-than", "90d")
    assert (told["pruned_count"], told["needed_ids"], told["dry_run"]) == (1, ["gt-nee"], True)
    assert beads.json("prune", "--older-than", "90", "--force", "--dry-run")["dry_run"]
    assert beads.rows() == before
    told = beads.json("prune", "--older-than", "90", "--force")
    assert (told["pruned_count"], told["dependencies"]) == (1, 1)
    assert left(beads) == {"new", "pin", "nee", "liv", "wis"}
    assert beads.refused("create", "x", "--id", "gt-old")["code"] == "bead.exists"
    beads.json("close", "gt-liv")
    assert beads.json("prune", "--pattern", "gt-n*", "--force")["pruned_count"] == 2
    assert left(beads) == {"pin", "liv", "wis"}
    assert beads.json("prune", "--pattern", "gt-n*", "--force")["pruned_count"] == 0
    assert not beads.private.run(lambda: beads.private.store.find(Link))


def test_wisps_leave_nothing_behind(beads):
    """Their comments go with them; work stays."""
    assert beads.json("purge")["dry_run"] is True
    assert beads.json("purge", "--force")["purged_count"] == 1
    assert left(beads) == {"new", "old", "pin", "nee", "liv"}
    store = beads.private.store
    assert beads.private.run(lambda: store.get(Bead, "gt-wis")) is None
    assert beads.private.run(lambda: store.find(Comment)) == []


def test_what_is_meant_must_be_said(beads):
    """A word that slips deletes nothing; a town's beads are not swept out."""
    assert beads.refused("prune", "--force")["code"] == "usage"
    assert beads.refused("prune", "--older-than", "soon")["code"] == "bead.field"
    beads.private.run(
        lambda: beads.private.store.apply(Change(puts=(Rig(name="demo", prefix="gt"),)))
    )
    for words in (("prune", "--pattern", "*", "--force"), ("purge", "--force")):
        assert beads.refused(*words)["code"] == "bead.in_town"
