"""One board of two towns, with an item in each state, for lines that are typed on it."""

from pathlib import Path

from tests.cli.towns import TypedTown

URL = "https://example.org/pull/7"


class Board:
    """rust's board, known to ash; `new` has no town yet."""

    def __init__(self, folder: Path) -> None:
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

    def close(self) -> None:
        """The towns let go of their ledgers."""
        for town in (self.rust, self.ash, self.new):
            town.town.close()
