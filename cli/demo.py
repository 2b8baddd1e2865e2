"""`wl demo`: the whole job between towns, on this machine, with what a person would see.

It starts real nodes with homes, keys and ledgers of their own in a temporary folder, checks each
fact it shows, and leaves no process behind. It touches no home of yours and no network but
loopback.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cli.context import Call
from cli.demo_town import DemoTown, Seen, expect, left_in
from cli.output import envelope

BOARD = Path("tests/data/go-wl/wild-west-file/dumps/hq/main")
TITLE = "Fix the token refresh race"
RACE_TITLE = "Write the release notes"
CHECK = "make test"
EVIDENCE = "https://example.org/pull/7"
YOURS, TAKEN = 0, 5


def run_demo(call: Call, *, keep: Path | None) -> int:
    """0 when every step showed what it promised. Raises DemoError at the first that did not."""
    folder = keep or Path(tempfile.mkdtemp(prefix="wl-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "user").mkdir(exist_ok=True)
    say: Callable[[str], None] = _silent if call.wants.json else call.terminal.out
    story = Story(folder, call, say)
    try:
        story.tell()
    finally:
        story.end()
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if call.wants.json:
        call.terminal.out(envelope("wl.v1.demo", data=story.facts))
    return 0


def _silent(text: str) -> None:
    del text


def board_of_others() -> Path | None:
    """The board that a Go client wrote, where this is a checkout of the project."""
    found = Path(__file__).resolve().parent.parent / BOARD
    return found if found.is_dir() else None


class Story:
    """The steps, in order; each is one thing that towns do with each other."""

    def __init__(self, folder: Path, call: Call, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        self.facts: dict[str, Any] = {}
        self.rust, self.ash, self.elm = (
            DemoTown(name=name, folder=folder, env=call.env, say=say)
            for name in ("rust-hollow", "ash-flats", "elm-ridge")
        )

    def tell(self) -> None:
        """Every step happened and every fact held."""
        self.found_towns()
        self.show_what_others_wrote()
        self.meet()
        self.trade()
        self.race()
        self.carry_away()
        self.prove()
        self.go_home()

    def heading(self, text: str) -> None:
        """The next part of the story."""
        self.say(f"\n# {text}\n")

    def found_towns(self) -> None:
        """Two towns, two homes, two keys, two nodes."""
        self.heading("Two towns, each with its own home, key, ledger and node")
        for town in (self.rust, self.ash):
            town.type("init", "--handle", town.name)
            town.type("up", "--detach", "--port", "0")
        urls = {town.ask("status")["node"]["url"] for town in (self.rust, self.ash)}
        expect("each node has an address of its own", holds=len(urls) == 2)  # noqa: PLR2004

    def show_what_others_wrote(self) -> None:
        """A board that a Go client wrote is shown, marked as unsigned."""
        board = board_of_others()
        self.rust.type("create", "hop/commons", "--title", "Where the towns meet")
        if board is None:
            self.say("(no checkout of the project here: the board of a Go client is left out)\n")
            return
        self.heading("A board that another program wrote, shown as what it is: unsigned")
        shutil.copytree(board, self.folder / "go-board", dirs_exist_ok=True)
        rows = len(json.loads((board / "wanted.json").read_text("utf-8")))
        self.rust.type("import", "--rows", "go-board")
        self.rust.type("browse", "--limit", "5")
        seen = self.rust.ask("browse", "--limit", "100", "--status", "all")["items"]
        unsigned = [item for item in seen if not item["signed"]]
        expect(f"all {rows} items are shown unsigned", holds=len(unsigned) == rows, seen=len(seen))
        self.facts["unsigned"] = rows

    def meet(self) -> None:
        """The second town joins by an invite."""
        self.heading("The second town joins by an invite")
        token = str(self.rust.ask("invite")["invite"])
        self.say(f"\n[{self.rust.name}]$ wl invite --json | jq -r .data.invite\n{token[:16]}…\n")
        self.ash.type("join", token, "--yes")
        self.ash.type("peer", "list")

    def trade(self) -> None:
        """Post, find, claim, hand in, accept with a stamp; the stamp is seen on the other side."""
        self.heading("One posts, the other finds it, does it, and is judged")
        fields = ("--type", "bug", "-p", "1", "--check", CHECK)
        self.rust.type("post", TITLE, *fields, "--done-when", "race test green 100x")
        self.ash.type("sync")
        item = self._item_called(self.ash, TITLE)
        self.ash.type("browse", "--type", "bug", "--status", "open", "refresh")
        claimed = self.ash.type("claim", item)
        expect("the first word of the answer is `yours`", holds=claimed.out.startswith("yours"))
        expect("ash may start", holds=self.ash.ask("show", item)["may_start"] is True)
        self.ash.type("done", item, "--evidence", EVIDENCE, "--summary", "token store locked")
        self._wait_for(self.rust, item, "in_review")
        self.rust.type("show", item)
        grades = ("--quality", "5", "--reliability", "4", "-m", "clean fix")
        self.rust.type("accept", item, *grades)
        self._wait_for(self.ash, item, "completed")
        self.ash.type("profile", self.ash.name)
        stamps = self.ash.ask("profile", self.ash.name)["stamps"]
        good = [one for one in stamps if one["verified"] and one["dims"]["quality"] == 5]  # noqa: PLR2004
        expect("ash's profile shows one verified stamp", holds=len(good) == 1, seen=stamps)

    def race(self) -> None:
        """Both ask for one item at once; one gets it, the other is told whose it is."""
        self.heading("Both want the same item at the same moment: one has it, one is told so")
        item = str(self.rust.ask("post", RACE_TITLE, "--type", "docs")["id"])
        self.ash.ask("sync")
        argv = ("claim", item[:8])
        begun = [(town, town.begin(*argv)) for town in (self.ash, self.rust)]
        ended = [(town, town.finish(process)) for town, process in begun]
        self._show_race(argv, sorted(ended, key=lambda pair: pair[1].code))
        holders = {town.ask("show", item)["claimed_by"] for town in (self.ash, self.rust)}
        expect("both towns name the same holder", holds=len(holders) == 1, seen=holders)

    def _show_race(self, argv: Sequence[str], ended: Sequence[tuple[DemoTown, Seen]]) -> None:
        codes = [seen.code for _, seen in ended]
        (winner, won), (loser, lost) = ended
        expect("one has it and one is told to stop", holds=codes == [YOURS, TAKEN], seen=codes)
        winner.show(argv, won, code=YOURS)
        loser.show(argv, lost, code=TAKEN)
        expect("the reason names the winner", holds=winner.name in lost.out + lost.err)

    def carry_away(self) -> None:
        """A third town learns everything from a file, without any network."""
        self.heading("A third town learns it all from a file; no node, no network")
        self.ash.ask("sync")
        self.rust.type("export", "commons.wlb")
        self.elm.type("init", "--handle", self.elm.name)
        self.elm.type("import", "commons.wlb")
        self.elm.type("browse", "--status", "all", "--limit", "5")
        everything = ("browse", "--status", "all", "--limit", "100")
        there, here = (town.ask(*everything)["items"] for town in (self.rust, self.elm))
        expect(
            "both boards are the same",
            holds=[_line(item) for item in there] == [_line(item) for item in here],
            seen=(len(there), len(here)),
        )

    def prove(self) -> None:
        """Each town checks every signature and every row by itself."""
        self.heading("Each town proves its ledger by itself")
        for town in (self.rust, self.ash, self.elm):
            town.type("verify")
        roots = {town.ask("verify")["root"] for town in (self.rust, self.ash, self.elm)}
        expect("all three hold the same records", holds=len(roots) == 1, seen=roots)
        self.facts["root"] = roots.pop()

    def go_home(self) -> None:
        """Both nodes end, and no process is left."""
        self.heading("And home")
        for town in (self.rust, self.ash):
            town.type("down")
        left = left_in(self.folder)
        self.say(f"\n{len(left)} processes left\n")
        expect("no process is left", holds=not left, seen=left)
        self.facts["left"] = 0

    def end(self) -> None:
        """Whatever happened, nothing that was started here still runs."""
        for town in (self.rust, self.ash, self.elm):
            if (town.home / "run").is_dir():
                town.finish(town.begin("down"))

    def _item_called(self, town: DemoTown, title: str) -> str:
        items = town.ask("browse", "--limit", "100")["items"]
        found = [item["id"] for item in items if _title(item) == title]
        expect(f"{town.name} sees {title!r}", holds=len(found) == 1, seen=len(found))
        return str(found[0])[:8]

    def _wait_for(self, town: DemoTown, item: str, status: str) -> None:
        """The other town's record is here; a sync is asked for should the push be slow."""
        for _ in range(20):
            if town.ask("show", item)["status"] == status:
                return
            town.ask("sync")
        expect(f"{town.name} sees {item} as {status}", holds=False)


def _title(item: Any) -> str:
    return str(item.get("untrusted", {}).get("title", item.get("title", "")))


def _line(item: Any) -> tuple[object, ...]:
    return (item["id"], item["status"], item["signed"], item["claimed_by"], _title(item))
