"""The file in the working tree and the database: each has in the end what either had."""

import json
import os

import pytest

from ledger.beads.jsonl import instant, moment
from ledger.beads.merging import ConflictMarkersError, read_file
from ledger.beads.rows import Bead, Comment, Link
from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Event, Setting
from ledger.private.store import Change, Dropped
from tests.beads.desks import NOW, Clock, exchange
from town.beads import files
from town.beads.files import UnreadableError
from town.beads.syncing import BusyFileError, Place

MINUTE_US = 60_000_000


def one(title="t", bead="gt-abcde", **more):
    """The line of a bead."""
    return json.dumps({"id": bead, "title": title, **more}).encode() + b"\n"


@pytest.fixture
def place(tmp_path):
    """Where a project's file lies."""
    return Place(path=tmp_path / "issues.jsonl")


def put(beads, bead, title="t", at=NOW, **more):
    """The bead is here, and its change is an event."""
    row = Bead(id=bead, title=title, created_at=at, updated_at=at, **more)
    event = beads.event("bead.updated", bead)
    beads.store.apply(Change(puts=(row,), events=(event,)))


def written(place, at):
    """The file was last written at this moment."""
    os.utime(place.path, ns=(at * 1_000, at * 1_000))


def titles(beads):
    """What is here."""
    return {bead.id: bead.title for bead in beads.store.find(Bead)}


def test_two_checkouts_come_to_the_same(place, tmp_path):
    """What one wrote the other takes in, and gives its own; the third meeting changes nothing."""
    ann, bob = exchange(), exchange()
    put(ann, "gt-ann", "of ann")
    put(bob, "gt-bob", "of bob")
    put(ann, "gt-both", "older", at=NOW)
    put(bob, "gt-both", "newer", at=NOW + 1)
    bob.store.apply(Change(puts=(Comment(issue_id="gt-both", id="1", text="of bob"),)))
    for beads in (ann, bob, ann):
        beads.sync(place)
    payload = place.path.read_bytes()
    assert titles(ann) == titles(bob)
    assert titles(ann)["gt-both"] == "newer"
    assert not ann.sync(place).written
    assert not bob.sync(place).written
    assert place.path.read_bytes() == payload
    assert [json.loads(text)["id"] for text in payload.splitlines()] == [
        "gt-ann", "gt-bob", "gt-both",
    ]  # fmt: skip


def test_one_changed_bead_is_one_changed_line(place):
    """So that a commit shows what was done, and git merges lines."""
    beads = exchange()
    for number in range(50):
        put(beads, f"gt-{number:03}")
    beads.sync(place)
    before = place.path.read_bytes().splitlines()
    put(beads, "gt-025", "other", at=NOW + 1)
    put(beads, "gt-0255")
    told = beads.sync(place)
    after = place.path.read_bytes().splitlines()
    assert told.given == ("gt-025", "gt-0255")
    assert len(set(after) - set(before)) == 2
    assert len(set(before) - set(after)) == 1


def test_a_rehearsal_shows_both_ways_and_changes_nothing(place):
    """`--status` and `--dry-run`."""
    beads = exchange()
    put(beads, "gt-here")
    place.path.write_bytes(one(bead="gt-there"))
    told = beads.sync(place, dry_run=True)
    assert (told.imported.new, told.given) == (["gt-there"], ("gt-here",))
    assert titles(beads) == {"gt-here": "t"}
    assert place.path.read_bytes() == one(bead="gt-there")


def test_a_file_that_git_could_not_merge_is_left_alone(place):
    """Nothing comes in and nothing is written."""
    beads = exchange()
    put(beads, "gt-here")
    payload = b"<<<<<<< HEAD\n" + one("a") + b"=======\n" + one("b") + b">>>>>>> theirs\n"
    place.path.write_bytes(payload)
    with pytest.raises(ConflictMarkersError):
        beads.sync(place)
    assert place.path.read_bytes() == payload
    assert titles(beads) == {"gt-here": "t"}


def test_what_only_the_file_has_stays_in_it(place):
    """Wisps, beads of the machinery and memories that somebody wrote there are not thrown out."""
    beads = exchange()
    there = one(bead="gt-wisp", ephemeral=True) + one(bead="gt-agent", issue_type="agent")
    place.path.write_bytes(there + b'{"_type":"memory","key":"k","value":"v"}\n')
    put(beads, "gt-here")
    put(beads, "gt-mine", ephemeral=True)
    beads.sync(place)
    said = read_file(place.path.read_bytes())
    assert set(said.beads) == {"gt-agent", "gt-here", "gt-wisp"}
    assert said.memories == {"k": "v"}


def test_a_deleted_bead_stays_deleted_everywhere(place):
    """Its tombstone is in the file, so that the other checkout deletes it too."""
    ann, bob = exchange(), exchange()
    for beads in (ann, bob):
        put(beads, "gt-gone")
    put(ann, "gt-gone", at=NOW + 1, status="tombstone")
    ann.sync(place)
    bob.sync(place)
    ann.sync(place)
    assert [bead.status for beads in (ann, bob) for bead in beads.store.find(Bead)] == [
        "tombstone",
        "tombstone",
    ]


def test_a_rig_keeps_its_own_beads_in_its_file(tmp_path):
    """Those of other prefixes stay in the town; the folder of the file is made."""
    place = Place(path=tmp_path / ".beads" / "issues.jsonl", rig=True, town=True)
    beads = exchange()
    put(beads, "gt-one")
    put(beads, "hq-two")
    beads.sync(place)
    assert list(read_file(place.path.read_bytes()).beads) == ["gt-one"]


def rounded(payload):
    """The lines as `bd` writes them after it has read them: times to the second, links named."""
    found = []
    for text in payload.splitlines():
        told = json.loads(text)
        inside = [*told.get("comments", ()), *told.get("dependencies", ())]
        for facts in (told, *inside):
            for name in [name for name in facts if name.endswith("_at")]:
                facts[name] = instant((moment(facts[name]) + 500_000) // 1_000_000 * 1_000_000)
        for link in told.get("dependencies", ()):
            link.update(created_by="unknown", metadata="{}")
        found.append(json.dumps(told).encode() + b"\n")
    return b"".join(found)


@pytest.mark.parametrize("micros", [1, 333_000, 500_000, 999_999])
def test_times_that_another_program_rounds_do_not_go_to_and_fro(place, micros):
    """`bd` keeps whole seconds; its lines are taken over, and then nothing changes any more."""
    beads = exchange()
    put(beads, "gt-one", at=NOW + micros, started_at=NOW + 7 + micros)
    comment = Comment(issue_id="gt-one", id="1", text="c", created_at=NOW + micros)
    link = Link(issue_id="gt-one", depends_on_id="gt-two", created_at=NOW + micros)
    beads.store.apply(Change(puts=(comment, link)))
    beads.sync(place)
    theirs = rounded(place.path.read_bytes())
    place.path.write_bytes(theirs)
    beads.sync(place)
    assert rounded(place.path.read_bytes()) == theirs
    ours = place.path.read_bytes()
    assert "." not in ours.decode().replace("issues.jsonl", "")
    assert not beads.sync(place).written


def test_a_change_within_a_second_is_not_lost_to_a_rounded_line(place):
    """The line of before it says less than what is here, and is older."""
    beads = exchange()
    put(beads, "gt-one", "before", at=NOW + 100_000)
    beads.sync(place)
    theirs = rounded(place.path.read_bytes())
    put(beads, "gt-one", "after", at=NOW + 400_000)
    place.path.write_bytes(theirs)
    beads.sync(place)
    assert titles(beads) == {"gt-one": "after"}


class Nosy(MemoryPrivate):
    """A store while whose links are read, somebody writes the file."""

    def __init__(self, path, times):
        super().__init__()
        self.path, self.left = path, times

    def find(self, kind, /, **where):
        if kind is Bead and not where and self.left:
            self.left -= 1
            self.path.write_bytes(one(f"from outside {self.left}", f"gt-out{self.left}"))
            os.utime(self.path, (self.left, self.left))  # some clocks of files stand for a while
        return super().find(kind, **where)


def test_what_another_program_writes_meanwhile_is_not_overwritten(place):
    """The file is looked at again; a program that never ends is named."""
    beads = exchange(Nosy(place.path, 1))
    put(beads, "gt-here")
    beads.sync(place)
    assert set(read_file(place.path.read_bytes()).beads) == {"gt-here", "gt-out0"}
    assert set(titles(beads)) == {"gt-here", "gt-out0"}
    with pytest.raises(BusyFileError):
        exchange(Nosy(place.path, 99)).sync(place)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    """A folder without room for it leaves the old one, and no rest lies about."""
    path = tmp_path / "issues.jsonl"
    path.write_bytes(b"old")
    path.chmod(0o640)
    files.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)
    files.write(link, b"newer")
    assert link.is_symlink()
    assert path.read_bytes() == b"newer"
    with pytest.raises(UnreadableError):
        files.write(tmp_path / "none" / "issues.jsonl", b"x")
    with pytest.raises(UnreadableError):
        files.read(tmp_path)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["issues.jsonl", "link.jsonl"]


# --- after a write


def due(beads, place):
    """Whether a write is followed by one of the file."""
    return beads.sync_if_due(place) is not None


def test_a_project_with_a_file_keeps_it_up_to_date(place):
    """At most once a minute, and only when a bead has changed since."""
    clock = Clock()
    beads = exchange(clock=clock)
    put(beads, "gt-one")
    assert not due(beads, place)  # it has no file, and did not ask for one
    beads.sync(place)
    written(place, NOW)
    clock.now = NOW + 2 * MINUTE_US
    assert not due(beads, place)  # nothing has changed
    put(beads, "gt-two")
    clock.now = NOW + MINUTE_US - 1
    assert not due(beads, place)  # too early
    clock.now = NOW + MINUTE_US
    assert due(beads, place)
    assert set(read_file(place.path.read_bytes()).beads) == {"gt-one", "gt-two"}
    assert not due(beads, place)


def test_a_change_whose_event_is_gone_by_now_is_no_less_written(place):
    """A project that was left alone for longer than events are kept gets its file all the same."""
    clock = Clock()
    beads = exchange(clock=clock)
    put(beads, "gt-one")
    beads.sync(place)
    written(place, NOW)
    put(beads, "gt-two")
    told = Event(kind="mail.sent")
    beads.store.apply(Change(events=(told,)))
    gone = [Dropped(kind=Event, key=event.key) for event in beads.store.events(0)][:-1]
    beads.store.apply(Change(drops=tuple(gone)))
    clock.now = NOW + 2 * MINUTE_US
    assert due(beads, place)
    assert set(read_file(place.path.read_bytes()).beads) == {"gt-one", "gt-two"}


@pytest.mark.parametrize(
    ("asked", "town", "there", "expected"),
    [
        ("", False, True, True),
        ("", False, False, False),
        ("", True, True, False),
        ("false", False, True, False),
        ("true", False, False, True),
        ("true", True, False, True),
        ("ON", True, True, True),
    ],
)
def test_who_wants_the_file_is_asked(tmp_path, asked, town, there, expected):
    """A file that is there is wanted, but in a town; `export.auto` has the last word."""
    place = Place(path=tmp_path / "issues.jsonl", town=town)
    beads = exchange()
    if there:
        place.path.write_bytes(b"")
        written(place, NOW - MINUTE_US)
    beads.store.apply(Change(puts=(Setting(name="export.auto", value=asked),)))
    put(beads, "gt-one")
    assert due(beads, place) is expected
    assert (place.path.exists() and place.path.stat().st_size > 0) is expected
