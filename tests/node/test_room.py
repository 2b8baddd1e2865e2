"""The private database gives back storage by itself, and only when it has grown."""

from functools import partial

import pytest
from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.dolt.private import open_private_doltlite
from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Cursor
from ledger.private.store import Change
from ledger.store import StoreError
from town.beads.ports import Caller
from town.node import room
from town.node.home import BeadsFolder
from town.node.private import OpenPrivate
from town.node.room import BYTES_MIN, CHEAP_BYTES, COLLECTED, give_back, grown


@pytest.mark.parametrize(
    ("size", "last", "waited_for", "due"),
    [
        (BYTES_MIN - 1, 0, False, False),
        (BYTES_MIN, 0, True, True),
        (BYTES_MIN, BYTES_MIN // 4, True, True),
        (BYTES_MIN, BYTES_MIN // 4 + 1, True, False),
        (CHEAP_BYTES + 1, CHEAP_BYTES // 5, True, False),
        (CHEAP_BYTES + 1, CHEAP_BYTES // 5, False, True),
        (CHEAP_BYTES + 1, CHEAP_BYTES // 17, True, True),
    ],
)
def test_a_file_is_due_when_it_has_grown_fourfold(size, last, waited_for, due):
    """Small ones never; large ones later where somebody waits for the command."""
    assert grown(size, last, waited_for=waited_for) is due


def test_a_project_gives_back_what_its_changes_left_behind(tmp_path, monkeypatch):
    """A thousand changes of a few beads leave a small file, and every bead as it was last."""
    monkeypatch.setattr(room, "BYTES_MIN", 2 << 20)
    home = BeadsFolder(tmp_path)
    home.furnish()
    sizes = []
    for turn in range(4):
        private = OpenPrivate(home, {})
        for number in range(100):
            bead = Bead(id=f"gt-{number % 10:03}", title=f"{turn} {number}")
            private.run(partial(private.store.apply, Change(puts=(bead,))))
        private.ports(Caller(actor="ada")).said("changes")
        before = home.private.stat().st_size
        private.close()
        sizes.append((before, home.private.stat().st_size))
    assert any(after < before // 2 for before, after in sizes)
    assert max(before for before, _ in sizes) < 6 << 20
    store = open_private_doltlite(home.private, town="x")
    assert [bead.title for bead in store.find(Bead, id="gt-009")] == ["3 99"]
    assert all(0 < row.seq < max(sizes)[0] for row in store.find(Cursor))
    store.close()


def test_a_running_town_looks_once_a_minute(tmp_path, monkeypatch):
    """Not after every command: a look at the file costs more than most of them."""
    monkeypatch.setattr(room, "BYTES_MIN", 1)
    home = BeadsFolder(tmp_path)
    home.furnish()
    private = OpenPrivate(home, {})
    private.run(private.keep)
    assert private.store.get(Cursor, COLLECTED) is None
    private._sized_at -= 61_000_000
    private.run(private.keep)
    assert private.run(lambda: private.store.find(Cursor, name=COLLECTED))[0].seq > 0
    private.close()


class Full(MemoryPrivate):
    """A store that cannot be collected."""

    def collect(self):
        raise StoreError("the disk is full")


def test_trouble_with_it_is_no_trouble_of_the_command(tmp_path):
    """The command has done its work; the next one tries again. Without a file nothing happens."""
    path = tmp_path / "town.db"
    path.write_bytes(b"\0" * BYTES_MIN)
    store = Full()
    assert give_back(store, path, waited_for=True) is False
    assert store.get(Cursor, COLLECTED) is None
    assert give_back(store, tmp_path / "none.db", waited_for=True) is False
    bead = Bead(id="gt-abc")
    store.apply(Change(puts=(replace(bead, title="x"),)))
    assert store.find(Bead) == [replace(bead, title="x")]
