"""What a town shows of records that came without their chain, typed at a prompt (records 2.2)."""

import gzip
import json
from collections.abc import Callable

import pytest

from stamps.record import Record, parse_line, public_id
from tests.cli.towns import TypedTown
from tests.federation.test_bundle import repacked
from town.node import doctor

TITLES = ("first", "second", "third")


class Two:
    """A town that posted three items and spoke of one, and another that learns of them by file."""

    def __init__(self, folder) -> None:
        self.ash, self.oak = TypedTown(folder, "ash"), TypedTown(folder, "oak")
        for town, handle in ((self.ash, "ash"), (self.oak, "oak")):
            assert town.type("init", "--handle", handle).code == 0
        self.ids = [self.ash.json("post", title)["data"]["id"] for title in TITLES]
        assert self.ash.type("note", self.ids[0], "look at this").code == 0
        assert self.ash.type("export", "whole.wlb").code == 0
        self.lines = gzip.decompress((folder / "whole.wlb").read_bytes()).splitlines(keepends=True)

    def without(self, name: str, missing: Callable[[Record], bool]) -> str:
        """A file that lacks some records of the whole one."""
        kept = [
            line
            for line in self.lines
            if line.startswith((b"{", b"#")) or not missing(parse_line(line).record)
        ]
        packed = repacked([line for line in kept if not line.startswith(b"#end")])
        (self.ash.folder / name).write_bytes(packed)
        return name

    def post(self, number: int) -> Callable[[Record], bool]:
        """Says whether a record is the post of this number."""
        return lambda record: (
            record.kind == "wanted.post" and public_id("w", record.id) == self.ids[number]
        )


@pytest.fixture
def two(tmp_path):
    """Both, closed afterwards."""
    two = Two(tmp_path)
    yield two
    two.ash.town.close()
    two.oak.town.close()


@pytest.fixture
def partly(two):
    """Both, the other with all but the first post: everything behind it is loose."""
    said = two.oak.json("import", two.without("part.wlb", two.post(0)))
    assert (said["data"]["loose"], said["data"]["refused"], said["warn"]) == (3, {}, [])
    return two


def test_an_item_without_its_chain_is_shown_as_partial(partly):
    """Its words, by whom, and that it counts for nothing; no list and no command takes it."""
    shown = partly.oak.json("show", partly.ids[1][:8])["data"]
    assert (shown["id"], shown["partial"], shown["state"]) == (partly.ids[1], True, "partial")
    assert (shown["untrusted"]["title"], shown["may_start"]) == ("second", False)
    assert shown["poster"]["handle"].startswith("ash")
    text = partly.oak.type("show", partly.ids[1]).text
    assert "second" in text
    assert "1 loose record: signed, not counted" in text
    assert partly.oak.json("browse")["data"]["items"] == []
    assert partly.oak.json("claim", partly.ids[1])["error"]["code"] == "id.unknown"
    assert partly.oak.json("show", "w-00000000")["error"]["code"] == "id.unknown"


def test_an_item_of_which_only_a_note_is_here_has_no_title(partly):
    """Its post is what is missing; who spoke of it is said."""
    about = partly.oak.json("show", partly.ids[0])["data"]
    assert (about["untrusted"]["title"], about["poster"]) == (None, None)
    assert [row["kind"] for row in about["records"]] == ["note.add"]
    assert "(its post is not here)" in partly.oak.type("show", partly.ids[0]).text


def test_log_and_verify_count_what_is_loose_apart(partly):
    """Beside the commits, in an item's records, and beside what was verified."""
    [row] = partly.oak.json("log", partly.ids[1])["data"]["rows"]
    assert row["effect"] == "loose: its chain is not here"
    log = partly.oak.json("log")
    assert (log["data"]["loose"], len(log["warn"])) == (3, 1)
    verdict = partly.oak.json("verify")["data"]
    assert (verdict["holds"], verdict["loose"]) == (True, 3)
    assert "3 loose records" in partly.oak.type("verify").text


def test_a_full_place_is_a_warning_and_is_emptied_when_that_is_asked_for(partly, monkeypatch):
    """`--fix` shows the plan, only `--yes` carries it out; the whole chain brings all again."""
    assert "ok    loose        3 loose records" in partly.oak.type("doctor").text
    monkeypatch.setattr(doctor, "LOOSE_RECORDS_MAX", 3)
    plan = partly.oak.type("doctor", "--fix").text
    assert "warn  loose        3 loose records" in plan
    assert "(wl doctor --fix --yes does it)" in plan
    assert partly.oak.json("verify")["data"]["loose"] == 3
    assert "mended loose" in partly.oak.type("doctor", "--fix", "--yes").text
    assert partly.oak.json("verify")["data"]["loose"] == 0
    assert "loose" not in partly.oak.type("doctor").text
    said = partly.oak.json("import", "whole.wlb")["data"]
    assert (said["new"], said["promoted"], said["loose"]) == (4, 0, 0)


def test_what_was_partial_is_whole_when_its_chain_comes(partly):
    """The same board and root as the other town's, and nothing loose."""
    said = partly.oak.json("import", "whole.wlb")["data"]
    assert (said["loose"], said["promoted"]) == (0, 3)
    items = partly.oak.json("browse")["data"]["items"]
    assert {item["id"] for item in items} == set(partly.ids)
    verdicts = [town.json("verify")["data"] for town in (partly.oak, partly.ash)]
    assert [verdict["loose"] for verdict in verdicts] == [0, 0]
    assert verdicts[0]["root"] == verdicts[1]["root"]
    assert "partial" not in partly.oak.json("show", partly.ids[1])["data"]


def test_what_is_loose_about_an_item_that_is_here_is_said_beside_it(two):
    """The item is shown as it stands; the loose ones stand under it and change nothing."""
    two.oak.type("import", two.without("part.wlb", two.post(1)))
    shown = two.oak.json("show", two.ids[0])["data"]
    assert (shown["status"], shown["loose"]) == ("open", 1)
    assert "look at this" not in json.dumps(shown["untrusted"])
    assert "and 1 loose record" in two.oak.type("show", two.ids[0]).text
    effects = [row["effect"] for row in two.oak.json("log", two.ids[0])["data"]["rows"]]
    assert effects == ["in force", "loose: its chain is not here"]


def test_what_is_loose_is_told_to_nobody(partly):
    """A file that this town writes has what counts here, and no more."""
    assert partly.oak.type("export", "again.wlb").code == 0
    packed = (partly.oak.folder / "again.wlb").read_bytes()
    assert b'"kind":"wasteland.create"' in gzip.decompress(packed)
    assert b'"kind":"wanted.post"' not in gzip.decompress(packed)
