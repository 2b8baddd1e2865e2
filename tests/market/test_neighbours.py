"""Claims in rows that nobody signed: a request to whoever posted, by the policy of the post."""

import json

import pytest

from tests.market.boards import Board
from town.market.errors import NotFoundError


def seen(folder, item: str, claimer: str):
    """The folder of another commons in which somebody claims the item."""
    folder.mkdir(parents=True, exist_ok=True)
    row = {"id": item, "title": "x", "status": "claimed", "claimed_by": claimer}
    (folder / "wanted.json").write_text(json.dumps([row]))
    return folder


@pytest.fixture
def board() -> Board:
    return Board()


def test_a_claim_without_a_signature_waits_for_the_posters_yes(board, tmp_path):
    """`ask`: the poster reads who asked where, and one line gives it; others see it."""
    item = board.post()
    board.rust.market.import_rows(seen(tmp_path / "hq" / "main", item, "charlie"))
    shown = board.rust.market.show(item)
    assert shown.data["state"] == "open"
    short = shown.data["short"]
    asked = f"{short}  charlie asked on hq/main without a signature."
    assert shown.words[-1] == f"{asked} yes: wl grant {short} --to charlie"
    [asked] = board.rust.market.bids(item).data["rows"]
    assert (asked["by"], asked["signed"], asked["account"]) == ("charlie", False, None)
    given = board.rust.market.grant(item, to="charlie")
    assert given.words[0].startswith(f"given   {short} to charlie until ")
    board.heard()
    assert board.ash.market.show(item).data["holder"] == "charlie"
    lost = board.ash.market.claim(item)
    assert (lost.exit, lost.error["holder"]) == (5, "charlie")
    told = " ".join(str(one) for one in board.rust.market.told(item).data["records"])
    assert "gave it to charlie (unsigned)" in told


def test_where_the_post_says_auto_the_node_gives_it_by_itself(board, tmp_path):
    """`auto`: granted once the row is here, once only, and a signed request goes first."""
    item = board.post(unsigned="auto")
    folder = seen(tmp_path / "hq" / "main", item, "charlie")
    board.rust.market.import_rows(folder)
    assert board.rust.market.show(item).data["holder"] == "charlie"
    board.rust.market.takeback(item, "no sign of it")
    board.rust.market.import_rows(folder)
    assert board.rust.market.show(item).data["state"] == "open"
    held = board.held(unsigned="auto")
    board.rust.market.import_rows(seen(tmp_path / "hq" / "main", held, "charlie"))
    assert board.rust.market.show(held).data["holder"] == "ash"


def test_a_bundle_that_brings_such_a_row_is_heard_as_well(board, tmp_path):
    """A row that came by messenger asks like one that was read here."""
    item = board.post(unsigned="auto")
    board.ash.market.import_rows(seen(tmp_path / "hq" / "main", item, "charlie"))
    board.ash.market.export(tmp_path / "from-ash.wlb")
    assert board.rust.market.show(item).data["state"] == "open"  # rows are never forwarded
    board.rust.market.import_(tmp_path / "from-ash.wlb")
    assert board.rust.market.show(item).data["holder"] == "charlie"


def test_where_the_post_refuses_such_claims_nobody_is_bothered_by_them(board, tmp_path):
    """`refuse`: no line, no request, and nothing to give."""
    item = board.post(unsigned="refuse")
    board.rust.market.import_rows(seen(tmp_path / "hq" / "main", item, "charlie"))
    shown = board.rust.market.show(item)
    assert "charlie" not in "\n".join(shown.words)
    assert board.rust.market.bids(item).data["rows"] == []
    for to in ("charlie", ""):
        with pytest.raises(NotFoundError):
            board.rust.market.grant(item, to=to)
    assert board.rust.market.show(item).data["state"] == "open"
