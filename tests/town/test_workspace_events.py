"""`.events.jsonl`: every event once, in order, whatever dies, and no command fails for it."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Cursor, Event
from ledger.private.store import Change
from town.workspace.events_file import EventsFile, facts_of, file_seq, last_seq
from town.workspace.following import following
from town.workspace.older import MIB, Kept, part, parts, put_by

KILL = """
import os, signal, sys
import town.workspace.events_file as told
real = told.os.write
def write(file, payload):
    half = {half}
    if half is not None:
        real(file, payload[:half])
        os.kill(os.getpid(), signal.SIGKILL)
    count = real(file, payload)
    os.kill(os.getpid(), signal.SIGKILL)
    return count
class Os:
    def __getattr__(self, name):
        return write if name == 'write' else getattr(os, name)
told.os = Os()
"""
KILLED = -9


def seqs(path: Path) -> list[int]:
    """The numbers of the events in the file, every line of it whole."""
    return [json.loads(line)["seq"] for line in path.read_text().splitlines()]


def happen(store: MemoryPrivate, count: int = 1) -> None:
    """So many events."""
    store.apply(Change(events=tuple(Event(kind="bead.created", at=1) for _ in range(count))))


@pytest.fixture
def store() -> MemoryPrivate:
    """A database in which nothing has happened."""
    return MemoryPrivate()


def test_each_line_says_who_did_what_when(prompt, town):
    """The fields that programs know, and the number; the newest last."""
    assert prompt.bd("create", "A bead").code == 0
    lines = [json.loads(line) for line in (town / ".events.jsonl").read_text().splitlines()]
    assert [line["type"] for line in lines] == ["town.installed", "bead.created"]
    assert lines[-1].keys() == {
        "ts", "source", "type", "actor", "payload", "visibility", "seq",
    }  # fmt: skip
    assert (lines[-1]["source"], lines[-1]["visibility"]) == ("gt", "both")
    assert lines[-1]["payload"]["subject"].startswith("hq-")
    assert lines[-1]["ts"].endswith("Z")
    assert facts_of(Event(kind="bead.updated"))["visibility"] == "audit"
    assert (town / ".events.jsonl").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("half", [None, 1, 40])
def test_an_event_is_there_once_though_its_writer_was_killed(prompt, town, half):
    """`kill -9` after the commit, in the midst of a line or before the cursor: once, and whole."""
    done = prompt.spawn("bd", "create", "Killed", prelude=KILL.format(half=half))
    assert done.returncode == KILLED, done.stderr
    text = (town / ".events.jsonl").read_text()
    assert text.endswith("\n") == (half is None)
    assert prompt.bd("create", "Next").code == 0
    found = [json.loads(line) for line in (town / ".events.jsonl").read_text().splitlines()]
    assert [one["seq"] for one in found] == [1, 2, 3]
    assert [one["payload"].get("title") for one in found] == [None, "Killed", "Next"]


@pytest.mark.parametrize("how", ["folder", "gone"])
def test_no_command_fails_for_the_file(prompt, town, how):
    """A file that cannot be written costs nothing; when it can be, what was missed is written."""
    path = town / ".events.jsonl"
    path.unlink()
    if how == "folder":
        path.mkdir()
    assert prompt.bd("create", "Unheard").code == 0
    if how == "folder":
        path.rmdir()
        assert prompt.bd("create", "Heard").code == 0
        assert seqs(path) == [2, 3]
    else:
        assert seqs(path) == [2]  # what was in a file that somebody took away is not said again


def test_a_town_that_moved_says_nothing_twice(store, tmp_path):
    """In another folder the file itself says how far it goes."""
    happen(store, 3)
    old = EventsFile(tmp_path / "a.jsonl", store)
    assert old.follow()
    old.settle()
    (tmp_path / "a.jsonl").rename(tmp_path / "b.jsonl")
    happen(store)
    moved = EventsFile(tmp_path / "b.jsonl", store)
    assert moved.follow()
    assert seqs(tmp_path / "b.jsonl") == [1, 2, 3, 4]
    assert {one.seq for one in store.find(Cursor)} == {3}


def test_lines_of_others_stay_and_are_stepped_over(store, tmp_path):
    """Another program's lines, and half a line of one that died, do not confuse the count."""
    path = tmp_path / "events.jsonl"
    happen(store)
    EventsFile(path, store).follow()
    with path.open("a") as file:
        file.write('not json\n{"type": "mine"}\n[1]\n{"seq": true}\n{"seq": 2, "ha')
    happen(store)
    assert EventsFile(path, store).follow()
    lines = path.read_text().splitlines()
    assert lines[1:5] == ["not json", '{"type": "mine"}', "[1]", '{"seq": true}']
    assert json.loads(lines[5])["seq"] == 2
    assert len(lines) == 6
    assert file_seq(path) == 2


def test_a_line_longer_than_what_is_read_first_is_found(store, tmp_path):
    """The last event's line may have a whole description in it; a half one after it goes."""
    path = tmp_path / "events.jsonl"
    happen(store)
    long = Event(kind="bead.updated", at=1, payload={"description": "x" * 300_000})
    store.apply(Change(events=(long,)))
    EventsFile(path, store).follow()
    assert file_seq(path) == 2
    with path.open("a") as file:
        file.write('{"half": "' + "y" * 200_000)
    assert file_seq(path) == 2
    happen(store)
    assert EventsFile(path, store).follow()
    assert seqs(path) == [1, 2, 3]


def test_what_another_writer_left_meanwhile_is_seen(store, tmp_path):
    """Two who follow in turn, and a file put aside: each event once, in one of the files."""
    path = tmp_path / "events.jsonl"
    one, two = EventsFile(path, store), EventsFile(path, store)
    for reader in (one, two, one, one, two):
        happen(store)
        assert reader.follow()
    assert seqs(path) == [1, 2, 3, 4, 5]
    path.rename(tmp_path / "aside")
    happen(store)
    assert two.follow()
    assert seqs(path) == [6]


def test_writers_of_one_file_never_mix_their_lines(store, tmp_path):
    """Many threads that follow at once leave each event once."""
    path = tmp_path / "events.jsonl"
    happen(store, 2_500)
    readers = [EventsFile(path, store) for _ in range(4)]
    threads = [threading.Thread(target=reader.follow) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seqs(path) == list(range(1, 2_501))


ACTS = st.sampled_from(["happen", "follow", "settle", "die", "die writing"])


@given(st.lists(st.tuples(ACTS, st.integers(0, 400)), max_size=12))
def test_whatever_dies_when_each_event_is_there_once(tmp_path_factory, acts):
    """Any order of events, of following, of dying in the midst of a line or before the cursor."""
    store, path = MemoryPrivate(), tmp_path_factory.mktemp("events") / "events.jsonl"
    reader = EventsFile(path, store)
    for act, size in acts:
        if act == "happen":
            happen(store, 2)
        elif act == "follow":
            assert reader.follow()
        elif act == "settle":
            reader.settle()
        else:
            if act == "die writing" and reader.follow():
                happen(store, 2)
                lines = "".join(
                    json.dumps(facts_of(event)) + "\n" for event in store.events(reader.done)
                )
                with path.open("a") as file:
                    file.write(lines[:size])
            reader = EventsFile(path, store)
    EventsFile(path, store).follow()
    found = seqs(path) if path.exists() else []
    assert found == list(range(1, last_seq(store) + 1))


@given(st.integers(0, 5_000))
def test_the_newest_number_is_found_in_a_few_questions(count):
    """However many events there are, in about two questions a doubling."""
    asked = []

    class Counted(MemoryPrivate):
        def events(self, after, *, at_most=1_000):
            asked.append(after)
            return super().events(after, at_most=at_most)

    store = Counted()
    happen(store, count)
    assert last_seq(store) == count
    assert len(asked) <= 2 * max(count, 1).bit_length() + 2


def test_a_follower_sees_each_event_once_also_in_a_file_that_was_begun_anew(tmp_path):
    """Growth, half lines, a file put aside and one cut short: nothing twice, nothing lost."""
    path = tmp_path / "events.jsonl"
    lines = following(path, after=1)

    def line(seq: int) -> str:
        return json.dumps({"seq": seq, "payload": {}}) + "\n"

    assert next(lines) == []
    path.write_text(line(1) + line(2) + line(3)[:5])
    assert [one["seq"] for one in next(lines)] == [2]
    with path.open("a") as file:
        file.write(line(3)[5:] + "junk\n")
    assert [one["seq"] for one in next(lines)] == [3]
    path.rename(tmp_path / "aside")
    assert next(lines) == []
    path.write_text(line(4))
    assert [one["seq"] for one in next(lines)] == [4]
    path.write_text(line(5)[:-1])
    assert next(lines) == []
    path.write_text(line(5) + line(6))
    assert [one["seq"] for one in next(lines)] == [5, 6]


LARGE = {"text": "x" * 300_000}


def happen_much(store: MemoryPrivate, count: int) -> None:
    """So many events, of which a few fill a file."""
    store.apply(Change(events=tuple(Event(kind="much", at=1, payload=LARGE) for _ in range(count))))


def small() -> Kept:
    """A file is put by at a mebibyte, and two older parts are kept."""
    return Kept(bytes_max=MIB, parts_max=2)


def test_a_file_that_became_large_is_put_by_and_nothing_is_said_twice(store, tmp_path):
    """Every event once over the parts, the oldest part gone; whoever comes new goes on after it."""
    path = tmp_path / "events.jsonl"
    for _ in range(5):
        happen_much(store, 4)
        assert EventsFile(path, store, small).follow()  # the cursor in the database is 0 each time
    assert not path.exists()
    assert [seqs(one) for one in parts(path)] == [[17, 18, 19, 20], [13, 14, 15, 16]]
    happen(store)
    assert EventsFile(path, store, small).follow()
    assert seqs(path) == [21]
    assert not part(path, 3).exists()


@pytest.mark.parametrize("dies_after", [0, 1, 2, 3])
def test_whoever_dies_while_putting_a_file_by_repeats_nothing(
    store, tmp_path, monkeypatch, dies_after
):
    """Killed before any of the renames: all that is kept is there once, and in order."""
    path = tmp_path / "events.jsonl"
    for _ in range(2):
        happen_much(store, 4)
        EventsFile(path, store, lambda: Kept(bytes_max=MIB, parts_max=3)).follow()
    happen_much(store, 4)
    EventsFile(path, store, lambda: Kept(bytes_max=1 << 40)).follow()
    done: list[Path] = []
    real = Path.rename

    def rename(self, target):
        if len(done) == dies_after:
            raise KeyboardInterrupt
        done.append(target)
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        if dies_after < 3:
            with pytest.raises(KeyboardInterrupt):
                put_by(path, Kept(bytes_max=MIB, parts_max=3))
        else:
            put_by(path, Kept(bytes_max=MIB, parts_max=3))
    happen(store)
    EventsFile(path, store, lambda: Kept(bytes_max=1 << 40)).follow()
    found = [seqs(one) for one in (*reversed(list(parts(path))), path)]
    assert [seq for one in found for seq in one] == list(range(1, 14))


def test_a_follower_misses_nothing_of_what_is_put_by_between_two_looks(store, tmp_path):
    """What came last before it was put by, and a whole part that came and went: each once."""
    path = tmp_path / "events.jsonl"
    happen(store, 2)
    EventsFile(path, store, small).follow()
    lines = following(path, after=0)
    assert [one["seq"] for one in next(lines)] == [1, 2]
    for _ in range(2):
        happen_much(store, 4)
        EventsFile(path, store, small).follow()
    happen(store)
    EventsFile(path, store, small).follow()
    assert [one["seq"] for one in next(lines)] == list(range(3, 12))
    assert next(lines) == []
    happen_much(store, 4)
    EventsFile(path, store, small).follow()
    assert [one["seq"] for one in next(lines)] == [12, 13, 14, 15]
    happen(store)
    EventsFile(path, store, small).follow()
    assert [one["seq"] for one in next(lines)] == [16]
    lines.close()


def test_writers_that_wait_for_a_file_that_is_put_by_go_on_in_the_new_one(store, tmp_path):
    """Many at once, each with a cursor of its own, over many parts: each event once."""
    path = tmp_path / "events.jsonl"
    happen_much(store, 40)
    readers = [
        EventsFile(path, store, lambda: Kept(bytes_max=MIB, parts_max=100)) for _ in range(4)
    ]
    threads = [threading.Thread(target=reader.follow) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    happen(store)
    readers[0].follow()
    readers[1].follow()
    found = [seqs(one) for one in (*reversed(list(parts(path))), path)]
    assert [seq for one in found for seq in one] == list(range(1, 42))
