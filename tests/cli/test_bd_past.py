"""`bd history`: what became of a bead, from the commits of the database."""

from contextlib import closing

from ledger.beads.rows import Bead
from ledger.dolt.private import open_private_doltlite
from ledger.private.store import Change
from tests.beads.desks import NOW, Clock
from tests.cli.beads import TypedBeads
from town.beads.history import History
from town.beads.ports import BeadPorts, Caller

SECOND = 1_000_000


def test_whoever_changed_a_bead_is_named_with_the_change(tmp_path):
    """Several who did within one commit are all named; what nobody remembers is the store's."""
    with closing(open_private_doltlite(tmp_path / "town.db", town="rust")) as store:
        clock = Clock()

        def desk(actor):
            ports = BeadPorts(
                now=clock, new_secret=lambda: b"x", run=lambda work: work(),
                caller=Caller(actor=actor),
            )  # fmt: skip
            return History(store, ports)

        store.apply(Change(puts=(Bead(id="gt-aaa", title="of long ago", created_at=NOW - SECOND),)))
        store.checkpoint("before")
        for actor, fields in (("ann", {"priority": 1}), ("bob", {"assignee": "bob"})):
            clock.now += SECOND
            desk(actor).update("gt-aaa", fields)
        store.checkpoint("both")
        clock.now += SECOND
        desk("cid").close("gt-aaa", reason="done")
        store.checkpoint("closed")
        name, past = desk("ann").history(" gt-aaa")
        assert (name, [one.actors for one in past]) == ("gt-aaa", [["cid"], ["ann", "bob"], []])
        assert past[1].changes == {"priority": (2, 1), "assignee": ("", "bob")}
        assert past[0].changes["status"] == ("open", "closed")
        assert past[2].changes["title"] == ("of long ago",)
        assert len(desk("ann").history("gt-aaa", at_most=1)[1]) == 1


def test_history_is_printed_with_what_was_just_done(tmp_path):
    """Nobody has to wait for a commit; long words are counted, and what was deleted is known."""
    with closing(TypedBeads(tmp_path)) as beads:
        beads.json("create", "Fix it", "--id", "gt-one", "-t", "bug", "-l", "api")
        (first,) = beads.json("history", "gt-one")
        assert sorted(first) == ["CommitDate", "CommitHash", "Committer", "Issue"]
        assert (first["Committer"], first["Issue"]["status"]) == ("ann", "open")
        beads.json("update", "gt-one", "-d", "words\nand more", "--claim", actor="bob")
        assert [one["Committer"] for one in beads.json("history", "one")] == ["bob", "ann"]
        text = beads.type("history", "gt-one").text
        assert "\n  status      open -> in_progress\n" in text
        assert "\n  assignee    none -> bob\n" in text
        assert "\n  description none -> 14 characters\n" in text
        assert "\n  title       Fix it\n" in text
        assert "\n  type        bug\n" in text
        assert len(beads.json("history", "gt-one", "--limit", "1")) == 1
        beads.json("delete", "gt-one", "--force")
        assert beads.json("history", "gt-one")[0]["Issue"]["status"] == "tombstone"
        assert beads.refused("history", "gt-two")["code"] == "id.none"
