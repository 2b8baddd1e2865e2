import shutil

import pytest

from ledger.memory import MemoryStore
from ledger.store import StoreError
from town.node.continuity import Mark


@pytest.fixture
def machine(tmp_path):
    return tmp_path / "state"


def started(machine, store, heads, *, away=()):
    """One start of a town: judged, renewed, ended; what the judgement was."""
    mark = Mark(machine, store)
    found = mark.judge(heads, away=away)
    if found.newest:
        mark.renew(heads)
    mark.release()
    return found


def copied(store):
    """What a backup of the home carries: the ledger's half of the mark."""
    other = MemoryStore()
    for key, value in store.documents("node").items():
        other.put("node", key, value)
    return other


def test_a_town_that_goes_on_where_it_ended_is_the_newest(machine):
    """A first start, and every start after it on the same ledger, may go on signing."""
    store = MemoryStore()
    assert started(machine, store, {}).newest
    assert started(machine, store, {"a": 3}).newest
    assert started(machine, store, {"a": 9}).newest


def test_a_ledger_restored_from_before_the_last_start_is_not_the_newest(machine):
    """records 2.7: an older copy never continues a chain."""
    store = MemoryStore()
    started(machine, store, {"a": 3})
    backup = copied(store)
    started(machine, store, {"a": 3})
    assert not started(machine, backup, {"a": 3}).newest


def test_a_ledger_restored_within_one_run_misses_records_and_is_not_the_newest(machine):
    """The token is the same, but the machine knows that more was signed."""
    store = MemoryStore()
    mark = Mark(machine, store)
    mark.judge({"a": 3})
    mark.renew({"a": 3})
    backup = copied(store)
    mark.advance({"a": 4})
    mark.release()
    assert not started(machine, backup, {"a": 3}).newest
    assert started(machine, store, {"a": 4}).newest


def test_a_crash_between_the_record_and_the_mark_is_no_restore(machine):
    """The ledger may know more than the mark: what was acknowledged is in it."""
    store = MemoryStore()
    started(machine, store, {"a": 3})
    assert started(machine, store, {"a": 4, "b": 0}).newest


def test_a_board_that_was_left_is_not_missing_and_not_forgotten(machine):
    """It is not open, so its chains are not asked for; they are again when it is."""
    store = MemoryStore()
    mark = Mark(machine, store)
    heads = {"key/z6A": 0, "/account": 3, "b0a4d/x": 7}
    mark.judge({})
    mark.renew({})
    backup = copied(store)
    mark.advance(heads)
    mark.release()
    less = {name: seq for name, seq in heads.items() if name != "b0a4d/x"}
    for _ in range(2):
        assert started(machine, store, less, away={"b0a4d"}).newest
    assert not started(machine, store, less).newest  # joined again, and its last record gone
    assert not started(machine, store, heads | {"b0a4d/x": 6}).newest
    assert started(machine, store, heads).newest
    assert not started(machine, backup, heads, away={"b0a4d"}).newest


def test_under_another_key_a_board_that_was_left_has_no_chain_to_go_on_with(machine):
    """What the key before said there is nothing that the new one could be behind."""
    store = MemoryStore()
    started(machine, store, {})
    started(machine, store, {"key/z6A": 0, "b0a4d/x": 7})
    mark = Mark(machine, store)
    assert mark.judge({"key/z6A": 0}, away={"b0a4d"}).newest
    mark.renew({"key/z6A": 0})
    mark.advance({"key/z6B": 0})
    mark.release()
    assert started(machine, store, {"key/z6B": 0}).newest


def test_another_machine_does_not_continue_the_chains(machine):
    """A home copied elsewhere, or whose machine's state is lost, cannot prove itself."""
    store = MemoryStore()
    started(machine, store, {"a": 3})
    shutil.rmtree(machine)
    assert not started(machine, store, {"a": 3}).newest


def test_two_copies_of_one_town_never_run_with_one_key(machine):
    """While one is open, the other is told that it is a copy."""
    store = MemoryStore()
    started(machine, store, {"a": 3})
    copy = copied(store)
    first = Mark(machine, store)
    assert first.judge({"a": 3}).newest
    assert not Mark(machine, copy).judge({"a": 3}).newest
    first.release()


def test_after_a_new_key_the_copy_has_a_mark_of_its_own(machine):
    """The copy that was refused and got a new key goes on under it; the first one does too."""
    store = MemoryStore()
    started(machine, store, {"a": 3})
    copy = copied(store)
    started(machine, store, {"a": 3})
    mark = Mark(machine, copy)
    assert not mark.judge({"a": 3}).newest
    mark.release()
    mark.renew({"b": 0})
    mark.release()
    assert started(machine, copy, {"b": 1}).newest
    assert started(machine, store, {"a": 5}).newest


def test_a_key_that_takes_the_place_of_another_is_not_asked_for_its_records(machine):
    """A new key has no chain yet; what the old one had signed is no gap in it."""
    store = MemoryStore()
    mark = Mark(machine, store)
    mark.judge({"key/old": 0, "a": 3})
    mark.renew({"key/old": 0, "a": 3})
    backup = copied(store)
    mark.advance({"key/new": 0})
    mark.release()
    assert started(machine, store, {"key/new": 0}).newest
    assert not started(machine, backup, {"key/old": 0, "a": 3}).newest


def test_a_copy_from_the_same_run_with_the_key_before_is_not_the_newest(machine):
    """Its own chains are longer than the new key's, and still it is the older one."""
    store = MemoryStore()
    mark = Mark(machine, store)
    mark.judge({"key/old": 0, "a": 3})
    mark.renew({"key/old": 0, "a": 3})
    mark.advance({"key/new": 0, "a": 0})
    mark.release()
    assert not started(machine, store, {"key/old": 0, "a": 3}).newest


class Dying(MemoryStore):
    """A ledger whose process dies before, or right after, it took its half of the mark."""

    after = False

    def put(self, space, key, value):
        if self.after:
            super().put(space, key, value)
        raise KeyboardInterrupt


@pytest.mark.parametrize("after", [False, True])
def test_a_process_that_dies_between_the_halves_of_the_mark_keeps_its_key(machine, after):
    """kill -9 at a start: the next start goes on signing, and an older copy still does not."""
    store = MemoryStore()
    started(machine, store, {"a": 3})
    older = copied(store)
    started(machine, store, {"a": 3})
    dying = Dying()
    MemoryStore.put(dying, "node", "continuity", store.document("node", "continuity"))
    dying.after = after
    mark = Mark(machine, dying)
    assert mark.judge({"a": 3}).newest
    with pytest.raises(KeyboardInterrupt):
        mark.renew({"a": 3})
    mark.release()
    store = copied(dying)
    assert not started(machine, older, {"a": 3}).newest
    assert not started(machine, copied(store), {"a": 2}).newest
    assert started(machine, store, {"a": 3}).newest
    assert started(machine, store, {"a": 4}).newest


def test_a_mark_that_cannot_be_written_is_told_as_a_fault_of_the_store(machine):
    """A full disk, or a folder in its way: a code, and no words of the system alone."""
    store = MemoryStore()
    mark = Mark(machine, store)
    mark.judge({})
    mark.renew({})
    [kept] = (machine / "marks").glob("*.json")
    kept.unlink()
    kept.mkdir()
    with pytest.raises(StoreError, match="the mark of this town"):
        mark.advance({"a": 1})
    kept.rmdir()
    mark.advance({"a": 1})
    mark.release()
    assert not started(machine, copied(store), {"a": 0}).newest
