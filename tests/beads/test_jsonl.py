"""Lines of beads: those that `bd` wrote come back to the byte, and no line is guessed at."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads import jsonl
from ledger.beads.errors import BeadError
from ledger.beads.jsonl import instant, line, moment
from ledger.beads.merging import ConflictMarkersError, TooLargeError, read_file
from ledger.beads.reading import BadLineError
from ledger.beads.rows import BLOCKS, Bead
from tests.beads.wholes import FILES, TIMES, WHOLES
from tests.few import FEW

FIXTURES = Path(__file__).parent.parent / "data" / "bd"


def facts(text, **more):
    """A line with an id and a title, and more."""
    return json.dumps({"id": "gt-abcde", "title": text, **more}).encode()


def sorted_links(payload):
    """The lines, links in order of what they lead to: `bd` writes them in none."""
    found = []
    for one in payload.splitlines():
        told = json.loads(one)
        told.get("dependencies", []).sort(key=lambda link: link["depends_on_id"])
        found.append(json.dumps(told))
    return sorted(found)


@pytest.mark.parametrize("name", ["work.jsonl", "everything.jsonl"])
def test_lines_of_bd_come_back_as_they_were(name):
    """Fields, their order, escapes and times are `bd`'s own to the byte; links are in order."""
    payload = (FIXTURES / name).read_bytes()
    said = read_file(payload)
    wholes = [whole for _, whole in said.beads.values()]
    blocked = [link.depends_on_id for w in wholes for link in w.links if link.type == BLOCKS]
    written = [line(whole, dependents=blocked.count(whole.bead.id)) for whole in wholes]
    theirs = [one + b"\n" for one in payload.splitlines() if b'"_type":"memory"' not in one]
    assert sorted_links(b"".join(written)) == sorted_links(b"".join(theirs))
    assert len(set(written) & set(theirs)) >= len(theirs) - 1


def test_lines_of_old_versions_keep_what_has_no_field_any_more():
    """Counted ids, numbered comments, tombstones, `wisp`, nanoseconds and zones are read."""
    said = read_file((FIXTURES / "seed.jsonl").read_bytes())
    first, child, gone, wisp, agent = (said.beads[bead][1] for bead in said.beads)
    assert first.bead.updated_at == moment("2025-12-01T08:00:00.123456Z")
    assert first.bead.created_at == moment("2025-10-14T21:43:06.946612Z")
    assert first.bead.other["original_size"] == 812
    assert [comment.id for comment in child.comments] == ["9", "10"]
    assert child.bead.labels == ("a", "z")
    assert gone.bead.status == "tombstone"
    assert json.loads(line(gone))["delete_reason"] == "manual delete"
    assert wisp.bead.ephemeral
    assert json.loads(line(agent))["agent_state"] == "idle"


@given(whole=WHOLES)
def test_what_is_written_is_read_as_it_was(whole):
    """Every bead, link and comment, whatever text is in it."""
    written = line(whole)
    number, found = read_file(written).beads[whole.bead.id]
    assert (number, found) == (1, whole)
    assert line(found) == written
    assert written.count(b"\n") == 1
    assert not any(mark in written for mark in (b"<", b">", b"&", "\u2028".encode()))


@FEW
@given(file=FILES, chance=st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(file, chance):
    """Lines that stand twice, and an older one beside a newer one, neither."""
    lines = [line(whole) for whole in file] * 2
    chance.shuffle(lines)
    found = read_file(b"\n".join(lines))
    assert {bead: whole for bead, (_, whole) in found.beads.items()} == {
        whole.bead.id: whole for whole in file
    }


@given(at=TIMES)
def test_a_moment_is_written_and_read(at):
    """To the microsecond."""
    assert moment(instant(at)) == at


@pytest.mark.parametrize(
    "said",
    ["", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "20260101T000000Z",
     "2026-01-01T25:00:00Z", "0001-01-31T00:00:00+23:59x", "\uff12026-01-01T00:00:00Z"],
)  # fmt: skip
def test_no_time_is_guessed(said):
    """What is not RFC 3339 with a zone is refused."""
    with pytest.raises(ValueError, match=r"is no time|must be in|month|hour"):
        moment(said)


DEEP = b'{"id":"gt-abcde","title":"t","metadata":' + b'{"a":' * 70 + b"1" + b"}" * 71
HOSTILE = {
    "garbage": b"garbage",
    "a list": b"[]",
    "a text": b'"gt-abcde"',
    "cut off": b'{"id":"gt-abcde","title":"t"',
    "NaN": b'{"id":"gt-abcde","title":"t","metadata":{"x":NaN}}',
    "an infinite number": b'{"id":"gt-abcde","title":"t","metadata":{"x":1e999}}',
    "a huge number": b'{"id":"gt-abcde","title":"t","metadata":{"x":' + b"9" * 5000 + b"}}",
    "a huge priority": facts("t", priority=1 << 70),
    "a huge time limit": facts("t", timeout=1 << 64),
    "a lone surrogate": b'{"id":"gt-abcde","title":"\\ud800"}',
    "bad UTF-8": b'{"id":"gt-abcde","title":"\xff"}',
    "a raw NUL": b'{"id":"gt-abcde","title":"a\x00b"}',
    "a written NUL": facts("a\0b"),
    "a NUL far inside": facts("t", metadata={"x": [{"y\0": 1}]}),
    "a NUL in a comment": facts("t", comments=[{"id": "1", "text": "\0"}]),
    "nested without end": b'{"id":"gt-abcde","title":"t","metadata":' + b"[" * 100_000,
    "nested too deep": DEEP,
    "deep in an unknown field": DEEP.replace(b"metadata", b"whatever"),
    "a line of more than 16 MiB": facts("t" * (16 << 20)),
    "a number as id": b'{"id":7,"title":"t"}',
    "an id of many letters": json.dumps({"id": "gt-" + "a" * 300, "title": "t"}).encode(),
    "an id with a path": b'{"id":"../../etc-x","title":"t"}',
    "an id with an escape": json.dumps({"id": "gt-\x1b[2J", "title": "t"}).encode(),
    "an id without a dash": b'{"id":"gtabc","title":"t"}',
    "a number as title": b'{"id":"gt-abcde","title":7}',
    "a text as priority": facts("t", priority="high"),
    "truth as priority": facts("t", priority=True),
    "half a priority": facts("t", priority=1.5),
    "a text as labels": facts("t", labels="a"),
    "numbers as labels": facts("t", labels=[1]),
    "a long label": facts("t", labels=["a" * 300]),
    "a text as metadata": facts("t", metadata="{}"),
    "a text as pinned": facts("t", pinned="yes"),
    "a number as time": facts("t", created_at=1),
    "a day as time": facts("t", due_at="tomorrow"),
    "a time behind the last year": facts("t", due_at="9999-12-31T23:59:59-14:00"),
    "a long assignee": facts("t", assignee="a" * 256),
    "a long description": facts("t", description="a" * ((1 << 20) + 1)),
    "links that are none": facts("t", dependencies="gt-b"),
    "a list of texts as links": facts("t", dependencies=["gt-b"]),
    "a link to nothing": facts("t", dependencies=[{"type": "blocks"}]),
    "a link with a blank": facts("t", dependencies=[{"depends_on_id": "a b"}]),
    "a link to itself": facts("t", dependencies=[{"depends_on_id": "gt-abcde"}]),
    "a link of another bead": facts(
        "t", dependencies=[{"issue_id": "x-abc", "depends_on_id": "y"}]
    ),
    "an odd kind of link": facts("t", dependencies=[{"depends_on_id": "x-abc", "type": "!"}]),
    "a number as kind": facts("t", dependencies=[{"depends_on_id": "x-abc", "type": 4}]),
    "comments that are none": facts("t", comments={"id": 1}),
    "two comments of one id": facts("t", comments=[{"id": 1, "text": "a"}, {"id": 1, "text": "b"}]),
    "a comment with a list": facts("t", comments=[{"id": [], "text": ["a"]}]),
    "a thing of another kind": b'{"_type":"agent","id":"gt-abcde"}',
    "a memory with a long key": json.dumps(
        {"_type": "memory", "key": "k" * 201, "value": ""}
    ).encode(),
    "a memory without a key": b'{"_type":"memory","value":"x"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_line_that_is_no_bead_is_named(name):
    """The error is typed and says which line it is, whatever stands in it."""
    payload = facts("good", id="gt-good1") + b"\n\n" + HOSTILE[name] + b"\n"
    with pytest.raises(BadLineError) as caught:
        read_file(payload)
    assert caught.value.number == 3
    assert len(str(caught.value)) < 400
    assert caught.value.exit == 2


def test_git_conflict_markers_are_named_with_what_to_do():
    """A merge that nobody has finished is no file of beads."""
    for marker in (b"<<<<<<< HEAD", b"=======", b">>>>>>> theirs", b"||||||| base"):
        with pytest.raises(ConflictMarkersError) as caught:
            read_file(facts("a") + b"\n" + marker + b"\n" + facts("b"))
        assert caught.value.number == 2
        assert "both sides" in caught.value.hint


def test_of_two_lines_of_one_bead_the_newer_counts():
    """Comments of both are kept; two forms of one moment are refused, in any order of lines."""
    old = facts("old", updated_at="2026-01-01T00:00:00Z", comments=[{"id": "1", "text": "x"}])
    new = facts("new", updated_at="2026-01-02T00:00:00Z", comments=[{"id": "2", "text": "y"}])
    other = facts("other", updated_at="2026-01-01T00:00:00Z")
    for lines in ([old, new], [new, old], [old, new, other], [other, new, old]):
        _, whole = read_file(b"\n".join(lines)).beads["gt-abcde"]
        assert whole.bead.title == "new"
        assert {comment.id for comment in whole.comments} == {"1", "2"}
    for lines in ([old, other], [other, old]):
        with pytest.raises(BadLineError, match="another form"):
            read_file(b"\n".join(lines))


def test_what_is_no_line_is_passed_over():
    """Blank lines, a mark of byte order, other ends of lines, the header of some writers."""
    payload = b"\xef\xbb\xbf" + b'{"_schema":"beads-jsonl/1"}\r\n \r\n' + facts("t") + b"\r\n\n"
    assert list(read_file(payload).beads) == ["gt-abcde"]
    assert read_file(b"").beads == {}


@given(said=st.datetimes(), minutes=st.integers(-14 * 60, 14 * 60))
def test_a_time_that_is_read_can_be_written(said, minutes):
    """Whatever the zone: what could not be written again is refused when it comes."""
    sign, zone = "-+"[minutes >= 0], divmod(abs(minutes), 60)
    text = f"{said.isoformat(timespec='seconds')}{sign}{zone[0]:02}:{zone[1]:02}"
    try:
        at = moment(text)
    except ValueError:
        assert said.year in (1, 9999)
        return
    assert moment(instant(at)) == at


def test_two_values_of_one_memory_are_refused():
    """The same twice is once."""
    memory = b'{"_type":"memory","key":"k","value":"%s"}\n'
    assert read_file(memory % b"a" * 2).memories == {"k": "a"}
    with pytest.raises(BadLineError, match="another value"):
        read_file(memory % b"a" + memory % b"b")


def test_a_file_without_end_is_refused():
    """Before anything of it is parsed."""
    with pytest.raises(TooLargeError):
        read_file(b"\n" * 2_000_001)


def test_counts_of_others_are_not_kept():
    """They are made anew by whoever writes; fields that nobody knows stay."""
    said = facts("t", dependency_count=4, parent="x-abc", attempts=3, zz={"b": 1, "a": None})
    _, whole = read_file(said).beads["gt-abcde"]
    assert whole.bead.other == {"attempts": 3, "zz": {"b": 1, "a": None}}
    assert whole.bead.attempts == Bead(id="x-x").attempts
    told = json.loads(line(whole))
    assert told["dependency_count"] == 0
    assert list(told["zz"]) == ["a", "b"]


@given(payload=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_refused_or_read_and_never_breaks(payload):
    """Whatever bytes come, the answer is beads or a typed error."""
    try:
        read_file(payload)
    except BeadError:
        return


def test_jsonl_writes_what_bd_list_prints():
    """A bead alone has the same names as a line."""
    bead = Bead(id="gt-abcde", title="t", created_at=1, updated_at=1, labels=("b",))
    assert list(jsonl.bead_facts(bead)) == [
        "id", "title", "status", "priority", "issue_type", "created_at", "updated_at", "labels",
    ]  # fmt: skip
