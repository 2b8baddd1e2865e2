"""Rows that nobody signed, read from a folder as typed: what is shown, marked, and refused."""

import json
from pathlib import Path

import pytest

from tests.cli.towns import TypedTown
from tests.house.tree import ROOT
from town.market import rows

GO_ROWS = ROOT / "tests" / "data" / "go-wl" / "wild-west-file" / "dumps" / "hq" / "main"
ITEM = {"id": "w-0123456789", "title": "Only a title", "status": "open", "posted_by": "alpha"}


@pytest.fixture
def rust(tmp_path):
    town = TypedTown(tmp_path, "rust")
    assert town.type("init", "--handle", "rust").code == 0
    yield town
    town.town.close()


@pytest.fixture
def folder(tmp_path) -> Path:
    """A branch with one item and a commit."""
    made = tmp_path / "hq" / "main"
    made.mkdir(parents=True)
    written(made, wanted=[ITEM], _log=[{"commit_hash": "abc", "date": "2026-11-23 06:55:35"}])
    return made


def written(folder: Path, **tables: object) -> None:
    """The tables of these names stand in the folder."""
    for name, value in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(value))


def test_a_rehearsed_or_refused_import_makes_no_board(rust, folder):
    """The rows are read first; only then is a board of the town's own made, and said to be."""
    assert rust.json("import", "--rows", str(folder / "none"))["error"]["code"] == "file.bad"
    assert "rows        1\n" in rust.type("import", "--rows", str(folder), "--dry-run").text
    assert rust.json("list")["data"]["rows"] == []
    said = rust.type("import", "--rows", str(folder))
    assert said.text.splitlines()[:2] == [
        "made    your own board, rust/commons (join: open)",
        "shown   1 wanted from hq/main, unsigned",
    ]
    again = rust.type("import", "--rows", str(folder))
    assert again.text.startswith("shown   1 wanted")
    [item] = rust.json("browse")["data"]["items"]
    assert (item["id"], item["signed"]) == (ITEM["id"], False)


def test_the_newest_commit_says_when_the_rows_were_so(rust, folder):
    """Provenance: the commit and the branch, or nothing and now where none is told."""
    assert rust.json("import", "--rows", str(folder))["data"]["commit"] == "abc"
    written(folder, _log=[], _meta=[{"key": "wasteland_name", "value": "wild west"}])
    bare = rust.json("import", "--rows", str(folder))["data"]
    assert (bare["commit"], bare["source"]) == ("", "wild west")
    written(folder, _log=[{"commit_hash": "x", "date": "the day before"}])
    assert rows.read_rows(folder, source="", now=7)[0].seen_at == 7


def test_a_list_in_a_cell_is_read_and_a_broken_one_left_out(folder):
    """`tags` came as text from one client and as a list from another."""
    for said, read in (('["a"]', ["a"]), (["a"], ["a"]), ('["a', None)):
        written(folder, wanted=[{**ITEM, "tags": said}])
        [found] = rows.read_rows(folder, source="", now=1)
        assert found.row.values["tags"] == read


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"wanted": "text"}, "a list of rows is needed"),
        ({"wanted": [1]}, "a list of rows is needed"),
        ({"wanted": [{"title": "nameless"}]}, "a row has no id"),
        ({"wanted": [{**ITEM, "id": "x" * 600}]}, "a row has no id"),
        ({"wanted": [{**ITEM, "title": "x" * 70_000}]}, "title is over 65536 characters"),
        ({"wanted": [ITEM], "rigs": [{"trust_level": 1}]}, "rigs.json: a row has no handle"),
        ({"_log": 5}, "_log.json: a list of rows is needed"),
    ],
)
def test_rows_that_are_none_are_refused_whole(rust, folder, tables, why):
    """Exit 2, the file and what is wrong with it; nothing of the folder is shown."""
    written(folder, **tables)
    before = rust.traces()
    said = rust.json("import", "--rows", str(folder))
    assert (said["exit"], said["error"]["code"]) == (2, "file.bad")
    assert why in said["error"]["message"]
    assert rust.traces() == before


def test_rows_are_read_as_dolt_prints_them(rust, folder):
    """`dolt sql -r json` wraps its rows, and of no rows says nothing but braces."""
    log = {"rows": [{"commit_hash": "abc", "date": "2026-11-23 06:55:35.039"}]}
    handed = {**ITEM, "status": "in_review", "claimed_by": "kit", "evidence_url": "https://k/1"}
    written(folder, wanted={"rows": [handed]}, rigs={}, _log=log)
    assert rust.json("import", "--rows", str(folder))["data"]["commit"] == "abc"
    shown = rust.type("show", ITEM["id"]).text.splitlines()
    assert {"state     in review by kit", "evidence  https://k/1"} <= set(shown)
    written(folder, rigs={"columns": []})
    assert "a list of rows" in rust.json("import", "--rows", str(folder))["error"]["message"]


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 200_000])
def test_a_file_that_is_no_json_is_refused(rust, folder, text):
    """Cut off, in another encoding, nested too deep: one error, in words."""
    (folder / "wanted.json").write_bytes(text)
    said = rust.json("import", "--rows", str(folder))
    assert (said["exit"], "it is no JSON" in said["error"]["message"]) == (2, True)


def test_a_folder_over_the_limits_or_without_a_board_is_refused(rust, folder, monkeypatch):
    """The size of a file and the number of rows are named limits; an empty folder is no board."""
    monkeypatch.setattr(rows, "ROWS_MAX", 1)
    written(folder, wanted=[ITEM, {**ITEM, "id": "w-9"}])
    assert "more than 1 rows" in rust.json("import", "--rows", str(folder))["error"]["message"]
    monkeypatch.setattr(rows, "FILE_BYTES_MAX", 10)
    assert "over 10 bytes" in rust.json("import", "--rows", str(folder))["error"]["message"]
    for file in folder.iterdir():
        file.unlink()
    assert "no wanted.json" in rust.json("import", "--rows", str(folder))["error"]["message"]


def test_nobody_here_decides_about_a_row_that_nobody_signed(rust):
    """Exit 4 with the source, for each verb that would decide; it can still be read."""
    assert rust.type("import", "--rows", str(GO_ROWS)).code == 0
    item = next(one["id"] for one in rust.json("browse")["data"]["items"])
    before = rust.traces()
    for line in (
        ("reject", item, "--reason", "no"),
        ("withdraw", item),
        ("close", item),
        ("update", item, "--title", "Ours"),
    ):
        said = rust.json(*line)
        assert (line, said["exit"], said["error"]["code"]) == (line, 4, "item.unsigned")
        assert "was seen in" in said["error"]["message"]
    assert rust.traces() == before
    assert rust.json("show", item)["data"]["signed"] is False
