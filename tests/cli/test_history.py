"""`wl log`, `wl diff` and the board as of a date, typed at a prompt on a real ledger."""

import pytest

from tests.cli.towns import TypedTown


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town whose board changed between two commits."""
    found = TypedTown(tmp_path_factory.mktemp("towns"), "rust")
    assert found.type("init", "--handle", "rust").code == 0
    for title in ("first", "second"):
        assert found.type("post", title).code == 0
    yield found
    found.town.close()


def test_the_log_names_commits_that_the_other_commands_take(town):
    """Newest first; every one can be looked at."""
    rows = town.json("log")["data"]["rows"]
    assert len(rows) >= 2
    boards = [town.json("browse", "--as-of", row["commit"])["data"]["items"] for row in rows]
    counts = [len(items) for items in boards]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 2


def test_the_board_of_a_date_is_the_board_of_then(town):
    """A day to come has everything; one before the first commit has no board, and says so."""
    now = town.json("browse", "--as-of", "2999-01-01")
    assert [item["untrusted"]["title"] for item in now["data"]["items"]]
    assert now["data"]["counts"] == {"open": 2}
    then = town.json("browse", "--as-of", "1999-01-01")
    assert (then["exit"], then["error"]["code"]) == (3, "id.commit")
    assert town.type("browse", "--as-of", "2999-01-01").text.count("open") >= 2


def test_a_file_that_is_no_bundle_is_the_callers_mistake(town):
    """Exit 2 with what to give; a bundle that breaks in the middle is damage, exit 8."""
    (town.folder / "notes.txt").write_text("not a bundle\n")
    none = town.json("import", "notes.txt")
    assert (none["exit"], none["error"]["code"]) == (2, "bundle.none")
    assert town.json("import", "-", stdin=b"")["exit"] == 2
    assert town.type("export", "all.wlb").code == 0
    whole = (town.folder / "all.wlb").read_bytes()
    (town.folder / "half.wlb").write_bytes(whole[: len(whole) * 3 // 4])
    half = town.json("import", "half.wlb")
    assert (half["exit"], half["error"]["code"]) == (8, "bundle.bad")


def test_a_diff_shows_each_row_that_changed(town):
    """Between the commit before the second post and now."""
    rows = town.json("log")["data"]["rows"]
    first = next(
        row["commit"] for row in rows
        if len(town.json("browse", "--as-of", row["commit"])["data"]["items"]) == 1
    )  # fmt: skip
    said = town.json("diff", first, "HEAD")
    wanted = [row for row in said["data"]["rows"] if row["table"] == "wanted"]
    assert [row["change"] for row in wanted] == ["added"]
    wrong = town.json("diff", "nothing", "HEAD")
    assert (wrong["exit"], wrong["error"]["code"]) == (3, "id.commit")
