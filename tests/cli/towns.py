"""Real towns with files, in one process, for commands that run on them as they are typed."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.app import run
from cli.context import Call
from tests.cli.paper import Paper
from town.node import clock
from town.node.compose import OpenTown
from town.node.home import Home


class TypedTown:
    """A town at whose prompt lines are typed."""

    def __init__(self, folder: Path, handle: str, *, resident: bool = False) -> None:
        home = Home(folder / handle)
        home.furnish()
        self.folder = folder
        self.env = {"HOME": str(folder), "NO_COLOR": "1"}
        self.town = OpenTown(home, self.env, resident=resident)
        self.tty = (False, False, False)
        self.opened_by = self._open
        self.behind_s = 0  # how far this town's clock lies in the past
        self.stands_at = 0  # the moment at which it stands still, if it does
        self._set_clock()

    def _set_clock(self) -> None:
        ports = dataclasses.replace(self.town.market.ports, now=self._now)
        self.town.market.ports = self.town.conduct.ports = ports

    def _now(self) -> int:
        return self.stands_at or clock.now() - self.behind_s * 1_000_000

    def type(self, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Paper:
        """What the line printed, and its exit code."""
        paper = Paper(stdin)
        call = Call(
            argv=argv,
            cwd=self.folder,
            env={**self.env, **(env or {})},
            terminal=paper,
            tty=self.tty,
            town=self.opened_by,
            columns=80,
            home=str(self.town.home.path),
        )
        paper.code = run(call)
        return paper

    def json(self, *argv: str, **more: Any) -> dict[str, Any]:
        """The envelope that the line printed; it is all that stands on standard output."""
        paper = self.type(*argv, "--json", **more)
        found = json.loads(paper.text)
        assert paper.text.count("\n") == 1
        assert isinstance(found, dict)
        return {**found, "exit": paper.code}

    def close(self) -> None:
        """Nothing of the town is open; of a node whose loops never ran, its spool neither."""
        if self.town.desk is not None:
            self.town.desk.exchanges.checking.close()
        self.town.close()

    @contextlib.contextmanager
    def _open(self, call: Call) -> Iterator[OpenTown]:
        with self.town.caller(call.env, call.say):
            yield self.town

    def learns(self, other: "TypedTown") -> None:
        """What the other town holds of its board is here too."""
        bundle = self.folder / f"{sum(1 for _ in self.folder.iterdir())}.wlb"
        assert other.type("export", str(bundle)).code == 0
        said = self.type("import", str(bundle))
        assert said.code == 0, said.talk

    def traces(self) -> dict[str, bytes]:
        """Every file of the town's home by name, the ledgers by what they hold."""
        town = self.town.town
        found: dict[str, bytes] = {}
        for journal in (town.self_ledger, *town.ledgers.values()):
            name, store = journal.wasteland or "own", journal.store
            spaces = ("town", "wastelands", "working", "invites", "peers", "redeemed")
            notes = {space: dict(store.documents(space)) for space in spaces}
            found[name] = repr((store.count(), notes)).encode()
        for key in sorted(self.town.home.keys.glob("*")):
            found[key.name] = key.read_bytes()
        return found


class ColdTown(TypedTown):
    """The same with no node: each line opens the town for itself, and closes it."""

    def __init__(self, folder: Path, handle: str) -> None:
        super().__init__(folder, handle)
        self.town.close()

    @contextlib.contextmanager
    def _open(self, call: Call) -> Iterator[OpenTown]:
        self.town = OpenTown(self.town.home, self.env, resident=False)
        self._set_clock()
        try:
            with super()._open(call) as town:
                yield town
        finally:
            self.town.close()
