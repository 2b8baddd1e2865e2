"""Claims in rows that nobody signed: a request to whoever posted, by the policy of the post."""

import json

import pytest

from ledger.actions_errors import NotYoursError
from tests.market.boards import Board
from tests.market.towns import HOUR
from town.market.errors import FieldError, NotFoundError, NotGivenError


def seen(folder, item: str, claimer: str, evidence: str = ""):
    """The folder of another commons in which somebody claims the item, or hands in for it."""
    folder.mkdir(parents=True, exist_ok=True)
    row = {"id": item, "title": "x", "status": "claimed", "claimed_by": claimer}
    row |= {"status": "in_review", "evidence_url": evidence} if evidence else {}
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


def given(board, folder, name: str = "charlie") -> str:
    """An item that a neighbour without a key has."""
    item = board.post()
    board.rust.market.import_rows(seen(folder, item, name))
    board.rust.market.grant(item, to=name)
    return item


def test_what_a_neighbour_did_is_handed_in_judged_and_completed(board, tmp_path):
    """His row says it, the poster takes it in, sends it back, accepts: a stamp of no weight."""
    folder = tmp_path / "hq" / "main"
    item = given(board, folder)
    board.rust.market.import_rows(seen(folder, item, "charlie", "https://example.org/pull/3"))
    shown = board.rust.market.show(item)
    short = shown.data["short"]
    assert f"wl done {short} --for charlie" in shown.words[-1]
    taken_in(board, item, short)
    back = board.rust.market.reject(item, "tests fail")
    assert back.words[0] == f"sent back {short} to charlie; the attempt is kept."
    board.rust.market.done(item, ["commit:8f31c2"], "fixed", neighbour="charlie")
    accepted = board.rust.market.accept(item, {"dims": {"quality": 4}})
    assert f"{short} from charlie: quality 4" in accepted.words[0]
    assert accepted.words[0].endswith("It has no weight.")
    board.heard()
    seen_by_ash = board.ash.market.show(item).data
    assert (seen_by_ash["status"], seen_by_ash["claimed_by"]) == ("completed", "charlie")
    assert board.rust.market.profile().data["stamps"] == []


def taken_in(board, item: str, short: str) -> None:
    """What the row says is handed in, once, with where it was seen."""
    done = board.rust.market.done(item, neighbour="charlie")
    assert done.words == (f"handed in  {short}, attempt 1 for charlie. You review it yourself.",)
    assert [step.cmd[1] for step in done.next] == ["accept", "reject"]
    again = board.rust.market.done(item, neighbour="charlie")
    assert "nothing changed" in again.words[0]
    [attempt] = again.data["attempts"]
    assert (attempt["worker"], attempt["speculative"]) == ("charlie", False)
    proof = attempt["untrusted"]["evidence"]
    assert proof[0] == {"kind": "url", "value": "https://example.org/pull/3"}
    assert proof[1]["value"].startswith("an unsigned row of hq/main at commit")


def test_a_neighbours_time_stands_still_while_his_work_is_reviewed(board, tmp_path):
    """Handed in for him: the node does not end his claim by time (records 5.7)."""
    item = given(board, tmp_path / "hq" / "main")
    board.rust.market.done(item, ["text:done"], neighbour="charlie")
    board.world.pass_time(60 * HOUR)
    board.heard()
    assert board.rust.market.show(item).data["status"] == "in_review"
    other = given(board, tmp_path / "hq" / "other")
    board.world.pass_time(60 * HOUR)
    board.heard()
    assert board.rust.market.show(other).data["status"] == "open"


def test_nobody_but_who_decides_hands_in_for_a_neighbour_and_only_what_he_was_given(
    board, tmp_path
):
    """Refused with a code before anything is said; `--speculative` takes what nobody was given."""
    item = given(board, tmp_path / "hq" / "main")
    board.heard()
    count = len(board.rust.market.log(item).data["rows"])
    with pytest.raises(NotYoursError):
        board.ash.market.done(item, ["text:x"], neighbour="charlie")
    with pytest.raises(NotGivenError) as refused:
        board.rust.market.done(item, ["text:x"], neighbour="dora")
    assert (refused.value.code, refused.value.exit) == ("claim.not_given", 3)
    with pytest.raises(FieldError):
        board.rust.market.done(item, neighbour="charlie")
    with pytest.raises(FieldError):
        board.rust.market.done(item, ["text:x"], neighbour="c" * 300, speculative=True)
    assert len(board.rust.market.log(item).data["rows"]) == count
    early = board.rust.market.done(item, ["text:x"], neighbour="dora", speculative=True)
    assert (early.data["attempts"][-1]["worker"], early.data["status"]) == ("dora", "claimed")


def test_a_neighbour_with_a_participants_name_is_shown_as_none_of_them(board, tmp_path):
    """Rows mark it, and so do answers: a bare name here would be ash's (records 5.2)."""
    item = given(board, tmp_path / "hq" / "main", "ash")
    assert board.rust.market.show(item).data["holder"] == "for~ash"
    done = board.rust.market.done(item, ["text:x"], neighbour="ash")
    assert done.data["attempts"][0]["worker"] == "for~ash"
    back = board.rust.market.takeback(item, "not him", holder="ash")
    assert back.words[0].endswith("from for~ash.")
