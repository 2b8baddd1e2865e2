"""Ids as other programs gave them, prefixes that begin alike, circles that are long."""

import itertools
from contextlib import closing
from dataclasses import replace

import pytest

from ledger.beads.errors import WAY_MAX, CycleError, ManyBeadsError, NoBeadError
from ledger.beads.merging import read_file
from ledger.beads.rows import Bead, Link
from ledger.private.rows import Row
from ledger.private.store import Change
from ledger.workspace.rows import Rig
from tests.beads.desks import exchange
from tests.beads.stores import BACKENDS, empty
from tests.beads.worlds import desk
from town.beads.desk import Beads
from town.beads.syncing import Place, Syncing


@pytest.fixture(params=BACKENDS)
def store(request, tmp_path):
    """An empty store of each backend."""
    with closing(empty(request, tmp_path)) as found:
        yield found


def test_a_bead_with_capitals_is_found_as_it_is_spelled(store):
    """An import brings such ids; small letters find only what is spelled so."""
    at = desk(store)
    names = ("API-12", "api-12", "API-9x", "gt-Abc")
    store.apply(Change(puts=tuple(Bead(id=name, title=name) for name in names)))
    said = ("API-12", "api-12", "API-9", "Abc", "gt-Ab")
    assert [bead.id for bead in at.show(said)] == ["API-12", "api-12", "API-9x", "gt-Abc", "gt-Abc"]
    with pytest.raises(ManyBeadsError):
        at.show(["API-"])
    with pytest.raises(NoBeadError):
        at.show(["api-9"])
    assert at.close("API-12").status == "closed"
    assert store.get(Bead, "api-12").status == "open"


def test_beads_of_a_prefix_that_begins_alike_stay_out_of_the_file(tmp_path):
    """`gt-app-…` is another project's where there is one with that prefix, and ours where not."""
    place = Place(path=tmp_path / "issues.jsonl", rig=True, town=True)
    for rigs, expected in ((("gt", "gt-app"), ["gt-one"]), (("gt",), ["gt-app-two", "gt-one"])):
        beads = exchange()
        rows: list[Row] = [Rig(name=prefix.replace("-", ""), prefix=prefix) for prefix in rigs]
        rows += [Bead(id=name, title=name) for name in ("gt-one", "gt-app-two")]
        beads.store.apply(Change(puts=tuple(rows)))
        place.path.unlink(missing_ok=True)
        caller = replace(beads.ports.caller, rig="gt")
        Syncing(beads.store, replace(beads.ports, caller=caller)).sync(place)
        assert list(read_file(place.path.read_bytes()).beads) == expected


@pytest.mark.slow
def test_a_circle_of_thousands_is_told_in_a_line(store):
    """Its error has all of it, its words how it begins and ends."""
    at: Beads = desk(store)
    names = [f"gt-{number:05}" for number in range(1_500)]
    links = [Link(issue_id=a, depends_on_id=b) for a, b in itertools.pairwise(names)]
    store.apply(Change(puts=(*(Bead(id=n, title=n) for n in names), *links)))
    with pytest.raises(CycleError) as refused:
        at.link([(names[-1], names[0], "blocks")])
    assert len(refused.value.path) == len(names) + 1
    assert str(refused.value).count(" -> ") == WAY_MAX
    assert f"… {len(names) + 1 - WAY_MAX} more …" in str(refused.value)
