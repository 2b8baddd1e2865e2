"""Scenario 50: from a claim on another town's board to a hand-in that it sees."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.living import alive
from tests.town.living import LivingTown, living_town
from tests.town.prompt import Prompt
from tests.waiting import until
from town.link.letters import short

pytestmark = pytest.mark.slow


class Poster:
    """A town of another machine that posts work: a node of its own, and no workspace."""

    def __init__(self, folder: Path) -> None:
        self.prompt = Prompt(folder)
        self.prompt.env["WL_HOME"] = str(folder / "town")
        assert self.wl("init", "--handle", "rust")["exit"] == 0
        assert self.wl("up", "--detach", "--port", "0")["exit"] == 0

    def wl(self, *argv: str) -> dict:
        """The envelope of a line of `wl`."""
        return self.prompt.line("wl", *argv)

    def shown(self, item: str) -> dict:
        """The item, as the poster sees it."""
        return dict(self.wl("show", item)["data"])


@pytest.fixture
def poster(tmp_path) -> Iterator[Poster]:
    """A town that posts."""
    found = Poster(tmp_path / "rust")
    try:
        yield found
    finally:
        found.wl("down")


@pytest.fixture
def town(tmp_path, poster) -> Iterator[LivingTown]:
    """A workspace whose town is on the poster's board, its node up."""
    with living_town(tmp_path / "ash") as found:
        assert found.gt("wl", "init", "--handle", "ash")["exit"] == 0
        assert found.gt("wl", "config", "set", "claim.wait_s", "60")["exit"] == 0  # a busy machine
        assert poster.wl("create", "hop/commons")["exit"] == 0
        found.up()
        token = poster.wl("invite")["data"]["invite"]
        told = found.gt("wl", "join", token, "--yes")
        assert told["exit"] == 0, told
        yield found


def claimed(poster: Poster, town: LivingTown, *more: str) -> str:
    """An item of the poster's that the town holds."""
    item = str(
        poster.wl("post", "Add F", "--check", "test -e F", "--repo", str(town.origin), *more)[
            "data"
        ]["id"]
    )
    until(lambda: town.gt("wl", "show", item)["exit"] == 0)
    told = town.gt("wl", "claim", item)
    assert (told["schema"], told["exit"]) == ("wl.v1.item", 0), told
    return item


def bead_of(town: LivingTown, item: str) -> dict:
    """The item's bead."""
    rows = json.loads(town.prompt.spawn("bd", "list", "--all", "--json").stdout)
    [found] = [row for row in rows if row.get("external_ref") == item]
    return dict(found)


def test_a_claimed_item_is_worked_on_merged_and_handed_in(town, poster):
    """Claim, bead, worker, gate, merge, draft; the person's one line; the poster sees it all."""
    item = claimed(poster, town)
    bead = bead_of(town, item)  # there when the claim's line ended
    assert bead["id"].startswith("ap-")
    assert (
        town.gt("sling", bead["id"], "api", "--args", "write F x; commit Add F; done")["exit"] == 0
    )
    until(lambda: town.closed(bead["id"]))
    [draft] = until(lambda: town.gt("drafts")["data"]["drafts"])
    main = town.prompt.git("rev-parse", "main", at=town.origin).strip()
    assert (draft["commit"], draft["state"], draft["found"]["gates"]) == (
        main, "draft", {"whole": "passed"},
    )  # fmt: skip
    assert draft["found"]["branch"] == f"wl/{item}"
    letters = town.gt("mail", "inbox")["data"]["messages"]
    assert any(f"{short(item)} ({bead['id']})" in one["subject"] for one in letters), letters
    assert poster.shown(item)["attempts"] == []  # nothing went out by itself
    town.down()  # and the line itself brings it to the poster
    told = town.gt("drafts", "submit", item, "--evidence", "https://example.org/pull/7")
    assert (told["exit"], told["data"]["fresh"]) == (0, True), told
    assert town.gt("drafts", "submit", item)["data"]["fresh"] is False
    [attempt] = poster.shown(item)["attempts"]
    town.up()
    said = {piece["value"] for piece in attempt["untrusted"]["evidence"]}
    assert {"https://example.org/pull/7", main, f"whole passed at {main}"} == said
    assert poster.wl("accept", item, "--quality", "5")["exit"] == 0
    until(lambda: town.gt("wl", "show", item)["data"]["status"] == "completed")


def test_a_claim_that_is_taken_back_stops_the_worker_and_keeps_its_commits(town, poster):
    """The bead is withdrawn with the reason, the session ends, the branch has what was done."""
    item = str(poster.wl("post", "Add F", "--repo", str(town.origin))["data"]["id"])
    until(lambda: town.gt("wl", "show", item)["exit"] == 0)
    plain = town.prompt.line("wl", "claim", item, "--home", str(town.home.path))  # as agents do
    assert plain["exit"] == 0
    until(lambda: item in town.prompt.spawn("bd", "list", "--json").stdout)
    bead = bead_of(town, item)["id"]
    script = f"write F x; commit Half; run {town.gate()}; done"
    assert town.gt("sling", bead, "api", "--args", script)["exit"] == 0
    pid = until(town.sessions)[0][0]
    repository = town.prompt.at / "api" / ".repo.git"
    until(lambda: "Half" in town.prompt.git("log", "--format=%s", "--all", at=repository))
    assert poster.wl("takeback", item, "--reason", "we did it ourselves")["exit"] == 0
    until(lambda: town.closed(bead))
    assert town.show(bead)["close_reason"].startswith("Withdrawn: ")
    until(lambda: not alive(pid))
    assert (
        town.prompt.git("log", "-1", "--format=%s", f"wl/{item}", at=repository).strip() == "Half"
    )
    assert town.gt("drafts")["data"]["drafts"] == []
    town.open_gate()
    assert len(town.on_main()) == 1  # nothing of it was merged
    assert town.gt("hook")["exit"] == 0


def test_a_line_behind_gt_wl_is_that_line_of_wl(tmp_path, town, poster):
    """Same output, same exit code, through a node and cold; what to type next begins with gt."""
    item = claimed(poster, town)
    home = ("--home", str(town.home.path))
    lines = [
        ("me",), ("browse", "--json", "--status", "all"), ("show", "w-0000"), ("nonsense",),
        ("--json", "bids", item), ("claim", "--help"), ("config", "list", "--origin"),
        ("me", "--json", "-q"),
    ]  # fmt: skip

    def same() -> None:
        for line in lines:
            ours = town.prompt.spawn("gt", "wl", *line)
            theirs = town.prompt.spawn("wl", *line, *home)
            assert ours.returncode == theirs.returncode, line
            assert steady(ours.stdout.replace("gt wl ", "wl ")) == steady(theirs.stdout), line
            assert steady(ours.stderr.replace("gt wl ", "wl ")) == steady(theirs.stderr), line

    same()
    told = town.prompt.spawn("gt", "wl", "show", item).stdout.splitlines()[-1]
    assert told.startswith("next    gt wl done "), told
    assert " wl " not in told.replace("gt wl ", "")
    assert town.gt("wl", "status")["data"]["node"]["pid"]
    assert town.prompt.spawn("gt", "wl", "down").returncode == 0
    assert not town.is_up()
    same()
    assert town.prompt.spawn("gt", "wl", "up", "--detach", "--port", "0").returncode == 0
    assert town.is_up()
    elsewhere = Prompt(tmp_path / "nowhere").spawn("gt", "wl", "me", "--json")
    assert (elsewhere.returncode, json.loads(elsewhere.stdout)["error"]["code"]) == (3, "town.none")


def steady(text: str) -> str:
    """An answer without the moment at which it was given."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    found.pop("as_of", None)
    return json.dumps(found)
