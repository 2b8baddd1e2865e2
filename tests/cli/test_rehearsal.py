"""`--dry-run` of every command that reaches others: shown, and neither written nor sent."""

import pytest

from cli.tree import Telling
from tests.cli.test_tree import ALL
from tests.cli.towns import TypedTown

TELLING = {path for path, command in ALL.items() if isinstance(command, Telling)}
URL = "https://example.org/pull/7"


class Market:
    """rust's board with one item in each state; rust types."""

    def __init__(self, folder) -> None:
        self.rust, self.ash, self.new = (TypedTown(folder, name) for name in ("rust", "ash", "new"))
        for town, name in ((self.rust, "rust"), (self.ash, "ash")):
            assert town.type("init", "--handle", name).code == 0
        self.rust.type("create", "hop/commons")
        self.posted = self._post("posted")
        self.asked = self._post("asked", "--assign", "choose")
        self.handed_in = self._post("handed in")
        self.held_by_ash = self._post("held by ash")
        self.mine = self._post("mine")
        assert self.rust.type("claim", self.mine).code == 0
        self.ash.learns(self.rust)
        for item in (self.asked, self.handed_in, self.held_by_ash):
            assert self.ash.type("claim", item).code == 9
        self.rust.learns(self.ash)
        self.ash.learns(self.rust)
        assert self.ash.type("done", self.handed_in, "--evidence", URL).code == 0
        self.rust.learns(self.ash)
        given = self.rust.json("stamp", "give", "ash", "--quality", "4")
        self.stamp = given["data"]["id"]
        self.bundle = folder / "board.wlb"
        self.ash.type("note", self.posted, "hello")
        self.ash.type("export", str(self.bundle))
        self.request = self.new.json("device", "join")["data"]["request"]
        device = self.rust.town.town.device
        assert device is not None
        self.device = str(device.device)

    def _post(self, title: str, *more: str) -> str:
        return str(self.rust.json("post", title, "--check", "make", *more)["data"]["id"])

    def line(self, path) -> tuple[str, ...]:
        """What rust types after the command's name."""
        lines = {
            "accept": (self.handed_in, "--quality", "5"),
            "admit": ("ash", "--handle", "ash-flats"),
            "claim": (self.posted,),
            "close": (self.posted,),
            "create": ("rust/other",),
            "delete": (self.posted,),
            "device add": (self.request,),
            "device join": (),
            "device revoke": (self.device, "--yes"),
            "done": (self.mine, "--evidence", URL),
            "grant": (self.asked, "--to", "ash"),
            "import": (str(self.bundle),),
            "invite": (),
            "join": ("wl1:abc", "--yes"),
            "key rotate": ("--yes",),
            "leave": ("--yes",),
            "note": (self.posted, "hello"),
            "peer add": ("http://127.0.0.1:9", "--allow-private"),
            "policy": ("lease_s=7200",),
            "post": ("another",),
            "reject": (self.handed_in, "--reason", "fails"),
            "renew": (self.mine,),
            "stamp give": ("ash", "--quality", "5"),
            "stamp revoke": (self.stamp, "--reason", "copied"),
            "sync": (),
            "takeback": (self.held_by_ash, "--reason", "no progress"),
            "unclaim": (self.mine,),
            "update": (self.posted, "--check", "make all"),
            "withdraw": (self.posted,),
        }
        return lines[" ".join(path)]


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """One board for all lines: none of them may change it."""
    found = Market(tmp_path_factory.mktemp("towns"))
    yield found
    for town in (found.rust, found.ash, found.new):
        town.town.close()


@pytest.mark.parametrize("path", sorted(TELLING), ids=" ".join)
def test_a_dry_run_says_what_it_would_do_and_leaves_no_trace(market, path):
    """Records, notes and keys are as before; both forms say that nothing was said."""
    town = market.new if path == ("device", "join") else market.rust
    before = town.traces()
    told = town.type(*path, *market.line(path), "--dry-run")
    assert told.code == 0, told.talk
    assert told.text.startswith("would   ")
    assert "nothing was said, nothing was sent" in told.text
    said = town.json(*path, *market.line(path), "--dry-run")
    assert (said["exit"], said["schema"]) == (0, "wl.v1.rehearsal")
    assert said["data"]["would"]
    assert town.traces() == before


def test_a_batch_is_rehearsed_post_by_post(market):
    """`wl post -F - --dry-run` shows each and writes none."""
    before = market.rust.traces()
    batch = b'[[post]]\ntitle = "one"\n[[post]]\ntitle = "two"\n'
    told = market.rust.type("post", "-F", "-", "--dry-run", stdin=batch)
    assert told.text.count("would   post an item") == 2
    assert market.rust.traces() == before


def test_every_command_that_reaches_others_can_be_rehearsed():
    """None but those that only ask, and those of the node itself."""
    only_ask = {("peer", "ping"), ("wait",), ("up",), ("down",), ("demo",)}
    assert not only_ask & TELLING
    assert {("sync",), ("post",), ("join",), ("key", "rotate")} <= TELLING
