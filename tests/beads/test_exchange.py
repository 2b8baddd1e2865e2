"""Beads leave and enter: all of a file or nothing, the newer of two, and nothing is lost."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads.jsonl import Whole, instant, line, wholes
from ledger.beads.merging import FILE_BYTES_MAX, Beadfile, TooLargeError, read_file
from ledger.beads.reading import BadLineError
from ledger.beads.rows import Bead, Comment, Link
from ledger.private.rows import Setting
from ledger.private.store import Change, ChangedError
from tests.beads.desks import NOW, Clock, exchange
from tests.beads.stores import BACKENDS, empty
from tests.beads.wholes import FILES
from tests.few import FEW
from town.beads.exchange import NEW_WORDS_MAX, Imported, Wanted

FIXTURES = Path(__file__).parent.parent / "data" / "bd"
ALL = Wanted(everything=True)


@pytest.fixture(params=BACKENDS)
def store(request, tmp_path):
    """An empty store of each backend."""
    with closing(empty(request, tmp_path)) as found:
        yield found


def one(title="t", bead="gt-abcde", **more):
    """The line of a bead."""
    return json.dumps({"id": bead, "title": title, **more}).encode() + b"\n"


def held(beads):
    """Everything that the database holds of beads."""
    store = beads.store
    return wholes(store.find(Bead), store.find(Link), store.find(Comment))


def take(beads, payload, **more) -> Imported:
    """What became of these lines."""
    found: Imported = beads.import_file(read_file(payload), "a file", **more)
    return found


@FEW
@given(file=FILES)
def test_what_was_exported_is_imported_as_it_was(file):
    """Into an empty database every bead, link and comment; and once more changes nothing."""
    first, second = exchange(), exchange()
    rows = [row for whole in file for row in (whole.bead, *whole.links, *whole.comments)]
    first.store.apply(Change(puts=tuple(rows)))
    payload = first.export(ALL).payload
    told = take(second, payload)
    assert held(second) == held(first)
    assert len(told.new) == len(file)
    again = take(second, payload)
    assert (again.moved, len(again.same)) == (0, len(file))
    assert second.export(ALL).payload == payload


@FEW
@given(ours=FILES, theirs=FILES, chance=st.randoms(use_true_random=False))
def test_an_import_does_not_depend_on_the_order_of_lines(ours, theirs, chance):
    """And importing it twice is importing it once, whatever was there before."""
    lines = [line(whole) for whole in theirs]
    shuffled = lines * 2
    chance.shuffle(shuffled)
    ends = []
    for payload in (b"".join(lines), b"".join(shuffled)):
        beads = exchange()
        take(beads, b"".join(line(whole) for whole in ours))
        take(beads, payload)
        ends.append(held(beads))
        assert take(beads, payload).moved == 0
    assert ends[0] == ends[1]


@FEW
@given(ours=FILES, theirs=FILES)
def test_no_comment_is_lost_and_the_newer_wins(ours, theirs):
    """Of each bead the later form is there, with the comments of both."""
    beads = exchange()
    take(beads, b"".join(line(whole) for whole in ours))
    take(beads, b"".join(line(whole) for whole in theirs))
    found = {whole.bead.id: whole for whole in held(beads)}
    for whole in (*ours, *theirs):
        end = found[whole.bead.id]
        assert end.bead.updated_at >= whole.bead.updated_at
        assert {c.id for c in whole.comments} <= {c.id for c in end.comments}
    both = {whole.bead.id: whole.bead for whole in ours}
    for whole in theirs:
        mine = both.get(whole.bead.id, whole.bead)
        winner = mine if mine.updated_at > whole.bead.updated_at else whole.bead
        assert found[whole.bead.id].bead == winner


def test_files_of_bd_are_taken_by_every_store(store):
    """Real lines, whole, and given back to the byte but for the order of links."""
    beads = exchange(store)
    payload = (FIXTURES / "everything.jsonl").read_bytes()
    told = take(beads, payload)
    assert (len(told.new), told.memories, told.nowhere, told.cycle) == (14, 1, [], ())
    given_back = beads.export(ALL).lines
    theirs = payload.splitlines(keepends=True)
    assert len(set(given_back) & set(theirs)) >= len(theirs) - 1
    assert take(beads, payload).moved == 0
    plain = {json.loads(text)["id"] for text in beads.export(Wanted()).lines}
    real = {json.loads(text)["id"] for text in (FIXTURES / "work.jsonl").read_bytes().splitlines()}
    assert plain == real
    take(beads, (FIXTURES / "seed.jsonl").read_bytes())
    assert take(beads, beads.export(ALL).payload).moved == 0


def test_one_import_is_one_event_and_one_step_of_history(store):
    """However many beads it brings; one that changes nothing is none."""
    beads = exchange(store)
    payload = b"".join(one(f"bead {n}", f"gt-{n:05}") for n in range(1_200))
    take(beads, payload)
    take(beads, payload)
    events = [event for event in store.events(0) if event.kind == "bead.imported"]
    assert [(event.payload["new"], event.subject) for event in events] == [(1_200, "a file")]
    assert len(events[0].payload["ids"]) == 100
    assert len(store.find(Bead)) == 1_200


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (one("", "gt-bad"), "title: is required"),
        (one("\n", "gt-bad"), "title"),
        (one("x" * 501, "gt-bad"), "title"),
        (one("t", "gt-bad", priority=9), "priority"),
        (one("t", "gt-bad", priority=-1), "priority"),
        (one("t", "gt-bad", issue_type="Not A Type"), "issue_type"),
        (one("t", "gt-bad", status=""), "status"),
        (one("t", "gt-bad", labels=[" "]), "label"),
        (one("t", "gt-bad", labels=[str(n) for n in range(10_001)]), "labels"),
        (one("t", "gt-bad", estimated_minutes=-5), "estimate"),
        (b"{", "is no JSON"),
    ],
)
def test_a_file_with_one_bad_line_imports_nothing(store, bad, says):
    """The line is named; no bead, event or setting of the file is there."""
    beads = exchange(store)
    take(beads, one("here", "gt-here0"))
    before = (held(beads), list(store.events(0)), store.find(Setting))
    payload = one("good", "gt-good1", issue_type="newtype") + bad + one("good", "gt-good2")
    with pytest.raises(BadLineError, match=says) as caught:
        take(beads, payload)
    assert caught.value.number == 2
    assert (held(beads), list(store.events(0)), store.find(Setting)) == before


def test_words_that_nobody_knew_become_known():
    """A project's own types and statuses come with its beads; too many of them do not."""
    beads = exchange()
    beads.store.apply(Change(puts=(Setting(name="types.custom", value="idea"),)))
    told = take(beads, one("t", issue_type="research") + one("t", "gt-b", status="in_review"))
    assert told.words == {"issue_type": ["research"], "status": ["in_review"]}
    assert beads.setting("types.custom") == "idea,research"
    assert take(beads, one("t", "gt-c", issue_type="idea")).words == {}
    many = b"".join(one("t", f"gt-{n:04}", issue_type=f"t{n:04}") for n in range(NEW_WORDS_MAX + 1))
    with pytest.raises(BadLineError, match="more than 20 new ones"):
        take(beads, many)


def test_the_fates_of_beads_are_counted():
    """New, changed, same and older, each by id."""
    beads = exchange()
    at = {"updated_at": "2026-01-02T00:00:00Z", "created_at": "2026-01-01T00:00:00Z"}
    take(beads, b"".join(one("t", f"gt-{name}", **at) for name in ("older", "same", "newer")))
    told = take(
        beads,
        one("other", "gt-older", **{**at, "updated_at": "2026-01-01T12:00:00Z"})
        + one("t", "gt-same", **at)
        + one("other", "gt-newer", **{**at, "updated_at": "2026-01-03T00:00:00Z"})
        + one("t", "gt-new", **at),
    )
    assert (told.new, told.changed, told.same, told.older) == (
        ["gt-new"], ["gt-newer"], ["gt-same"], ["gt-older"],
    )  # fmt: skip
    assert [whole.bead.title for whole in held(beads)] == ["t", "other", "t", "t"]


def test_who_wins_can_be_chosen():
    """`keep` leaves what is here, `replace` takes what comes, however old it is."""
    for on, title in (("newer", "new"), ("keep", "new"), ("replace", "old")):
        beads = exchange()
        take(beads, one("new", updated_at="2026-01-02T00:00:00Z"))
        take(beads, one("old", updated_at="2026-01-01T00:00:00Z"), on=on)
        assert held(beads)[0].bead.title == title


def test_of_one_moment_the_file_wins_and_links_of_both_stay():
    """A hand-made change of a line counts; a link that moved no time is not lost."""
    at = "2026-01-02T00:00:00Z"
    links = [{"depends_on_id": "gt-two", "type": "related"}]
    beads = exchange()
    take(beads, one("here", updated_at=at, dependencies=links) + one("t", "gt-two"))
    other = [{"depends_on_id": "gt-three", "type": "blocks"}]
    take(beads, one("by hand", updated_at=at, dependencies=other))
    whole = held(beads)[0]
    assert whole.bead.title == "by hand"
    assert [link.depends_on_id for link in whole.links] == ["gt-three", "gt-two"]
    take(beads, one("later", updated_at="2026-01-03T00:00:00Z", dependencies=other))
    assert [link.depends_on_id for link in held(beads)[0].links] == ["gt-three"]


def test_what_is_counted_here_alone_stays():
    """Attempts are this town's own and in no file."""
    beads = exchange()
    bead = Bead(id="gt-abcde", title="t", attempts=3, created_at=1, updated_at=1)
    beads.store.apply(Change(puts=(bead,)))
    take(beads, one("new", updated_at="2026-01-01T00:00:00Z"))
    assert held(beads)[0].bead.attempts == 3
    assert held(beads)[0].bead.title == "new"


def test_lines_without_times_are_of_now_and_the_same_the_next_day():
    """A hand-made file can be imported again."""
    clock = Clock()
    beads = exchange(clock=clock)
    take(beads, one())
    assert held(beads)[0].bead.created_at == held(beads)[0].bead.updated_at == NOW
    clock.now += 86_400_000_000
    assert take(beads, one()).same == ["gt-abcde"]
    assert take(beads, one("other")).changed == ["gt-abcde"]
    assert held(beads)[0].bead.created_at == NOW
    assert held(beads)[0].bead.updated_at == clock.now


def test_a_line_without_an_id_gets_one_and_the_same_again():
    """Only a title is required; the file can be imported twice."""
    beads = exchange()
    payload = b'{"title":"no id","comments":[{"text":"c"}]}\n{"title":"another"}\n'
    told = take(beads, payload)
    assert all(bead.startswith("gt-") for bead in told.new)
    assert len(told.new) == 2
    assert take(beads, payload).same == told.new
    assert sum(len(whole.comments) for whole in held(beads)) == 1


def test_titles_that_are_open_here_can_be_left_out():
    """`--dedup`: for imports from other trackers, whose ids differ each time."""
    beads = exchange()
    take(beads, one("Fix it", "gt-one") + one("Closed", "gt-two", status="closed"))
    told = take(beads, one("FIX IT", "x-three") + one("Closed", "x-four"), dedup=True)
    assert (told.doubles, told.new) == (["x-three"], ["x-four"])


def test_odd_links_are_told_of_and_kept():
    """To beads that are nowhere, or in a circle: they may be mended, lost they could not."""
    beads = exchange()
    ring = [
        one("t", f"gt-ring{a}", dependencies=[{"depends_on_id": f"gt-ring{b}"}])
        for a, b in ((1, 2), (2, 3), (3, 1))
    ]
    lost = [{"depends_on_id": n, "type": "blocks"} for n in ("gt-gone", "external:x:x-abc")]
    told = take(beads, b"".join(ring) + one(dependencies=lost))
    assert told.nowhere == [("gt-abcde", "gt-gone")]
    assert len(told.cycle) == 4
    assert told.cycle[0] == told.cycle[-1]
    assert len(beads.store.find(Link)) == 5
    assert take(beads, one("t", "gt-gone")).nowhere == []


def test_a_tombstone_travels():
    """A bead that was deleted elsewhere is deleted here, and does not come back by an old line."""
    beads = exchange()
    alive = one("t", updated_at="2026-01-01T00:00:00Z")
    take(beads, alive)
    take(beads, one("t", updated_at="2026-01-02T00:00:00Z", status="tombstone"))
    assert take(beads, alive).older == ["gt-abcde"]
    assert held(beads)[0].bead.status == "tombstone"
    assert beads.export(Wanted()).lines == []
    assert len(beads.export(Wanted(deleted=True)).lines) == 1
    assert len(beads.export(Wanted(statuses=("tombstone",))).lines) == 1


def test_an_export_has_what_was_asked_for():
    """Work of any status; what is fleeting or of the machinery only when it is said."""
    beads = exchange()
    rows = {
        "gt-work": {},
        "gt-done": {"status": "closed"},
        "gt-wisp": {"ephemeral": True},
        "gt-agent": {"issue_type": "agent"},
        "gt-form": {"is_template": True},
        "xy-other": {},
    }
    take(beads, b"".join(one("t", bead, **more) for bead, more in rows.items()))

    def ids(**more):
        return set(beads.export(Wanted(**more)).beads)

    assert ids() == {"gt-work", "gt-done", "xy-other"}
    assert ids(infra=True) == {"gt-work", "gt-done", "xy-other", "gt-agent"}
    assert ids(everything=True) == set(rows)
    assert ids(statuses=("closed",)) == {"gt-done"}
    assert ids(prefix="xy") == {"xy-other"}
    assert ids(prefix="xy", always=frozenset(["gt-wisp"])) == {"xy-other", "gt-wisp"}


def test_memories_come_and_go_when_asked_for():
    """They may hold what is nobody else's business."""
    beads = exchange()
    payload = b'{"_type":"memory","key":"pkg","value":"use uv"}\n'
    assert take(beads, payload).memories == 1
    assert take(beads, payload).memories == 0
    assert beads.export(Wanted()).lines == []
    assert beads.export(Wanted(memories=True)).payload == payload


def test_a_rehearsal_changes_nothing():
    """It says what would become of the file."""
    beads = exchange()
    assert take(beads, one(), dry_run=True).new == ["gt-abcde"]
    assert held(beads) == []
    assert list(beads.store.events(0)) == []


def test_a_bead_that_changes_meanwhile_is_looked_at_again(store):
    """Another process of one server was first: its newer form stays, the rest comes in."""
    beads = exchange(store)
    take(beads, one("old", updated_at="2026-01-01T00:00:00Z"))
    said = read_file(one("mine", updated_at="2026-01-02T00:00:00Z") + one("t", "gt-other"))
    newest = replace(held(beads)[0].bead, title="theirs", updated_at=NOW)
    _, change = beads.merge(said, "a file", on="newer")
    store.apply(Change(puts=(newest,)))
    with pytest.raises(ChangedError):
        store.apply(change)
    assert beads.store.get(Bead, "gt-other") is None
    told = beads.import_file(said, "a file")
    assert (told.older, told.new) == (["gt-abcde"], ["gt-other"])
    assert store.get(Bead, "gt-abcde") == newest


def test_a_file_of_too_many_bytes_is_refused(tmp_path):
    """Before it is read."""
    from town.beads import files  # noqa: PLC0415

    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    with pytest.raises(TooLargeError):
        files.read(path)


def test_a_file_of_ten_thousand_beads_in_a_ring_is_taken():
    """Depth is no danger, and the circle is told of."""
    beads = exchange()
    lines = [
        one("t", f"gt-{n:05}", dependencies=[{"depends_on_id": f"gt-{(n + 1) % 10_000:05}"}])
        for n in range(10_000)
    ]
    told = take(beads, b"".join(lines))
    assert len(told.cycle) == 10_001


def test_links_of_a_line_that_say_less_are_settled():
    """Of two links to one bead that which holds it up stays, in any order."""
    for kinds in (("related", "blocks"), ("blocks", "related")):
        links = [{"depends_on_id": "gt-two", "type": kind} for kind in kinds]
        _, whole = read_file(one(dependencies=links)).beads["gt-abcde"]
        assert [link.type for link in whole.links] == ["blocks"]


def test_what_most_ids_begin_with_is_the_prefix_of_a_file():
    """Children and wisps do not outvote it; an empty file has none."""
    ids = ("api-aa", "api-ab", "api-ab.1", "zz-aa")
    assert read_file(b"".join(one("t", bead) for bead in ids)).prefix == "api"
    assert Beadfile().prefix == ""


def test_a_whole_alone_is_its_bead():
    """What has no links and no comments says nothing of them."""
    whole = Whole(Bead(id="gt-abc", title="t", created_at=NOW, updated_at=NOW))
    told = json.loads(line(whole))
    assert told["created_at"] == instant(NOW) == "2027-01-15T08:00:00Z"
    assert "comments" not in told
