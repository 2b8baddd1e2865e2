"""A project's beads in one process, at whose prompt lines of `bd` are typed."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.app import run
from cli.context import Call
from tests.cli.paper import Paper
from town.node.home import BeadsFolder
from town.node.private import OpenPrivate


class TypedBeads:
    """Beads with the prefix `gt`, and whoever types."""

    def __init__(self, folder: Path, *, actor: str = "ann") -> None:
        self.folder = folder
        self.env = {"HOME": str(folder), "NO_COLOR": "1", "BEADS_ACTOR": actor}
        home = BeadsFolder(folder / ".beads")
        home.path.mkdir(parents=True, exist_ok=True)
        self.private = OpenPrivate(home, self.env)
        self.private.tell({"issue_prefix": "gt"})

    def type(self, *argv: str, stdin: bytes = b"", actor: str = "", **env: str) -> Paper:
        """What the line printed, and its exit code."""
        paper = Paper(stdin)
        call = Call(
            argv=argv,
            cwd=self.folder,
            env={**self.env, **({"BD_ACTOR": actor} if actor else {}), **env},
            terminal=paper,
            tty=(False, False, False),
            town=self._no_town,
            private=self._open,
            program="bd",
            columns=80,
            home=str(self.private.home.path),
        )
        paper.code = run(call)
        paper.then = call.then
        return paper

    def json(self, *argv: str, **more: Any) -> Any:
        """What the line printed as JSON; it must have worked."""
        paper = self.type(*argv, "--json", **more)
        assert paper.code == 0, paper.text
        return json.loads(paper.text)

    def refused(self, *argv: str, **more: Any) -> dict[str, Any]:
        """The error that the line printed, with its exit code; it changed nothing."""
        before = self.rows()
        paper = self.type(*argv, "--json", **more)
        assert self.rows() == before
        found = json.loads(paper.text)["error"]
        assert isinstance(found, dict)
        return {**found, "exit": paper.code}

    def rows(self) -> str:
        """Everything that the database holds."""
        from ledger.dolt.private_schema import KINDS  # noqa: PLC0415

        store = self.private.store
        return self.private.run(lambda: repr([store.find(kind) for kind in KINDS]))

    def close(self) -> None:
        """Nothing is open."""
        self.private.close()

    @contextlib.contextmanager
    def _open(self, call: Call) -> Iterator[OpenPrivate]:
        del call
        yield self.private

    def _no_town(self, call: Call) -> Any:
        raise AssertionError(f"{call.argv} opened a town")
