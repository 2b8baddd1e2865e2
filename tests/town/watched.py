"""A town whose watch goes round when it is told to, with real sessions and real git."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ledger.beads.rows import Bead
from ledger.private.rows import Row
from ledger.private.store import Change
from ledger.workspace.alarm import Escalation
from ledger.workspace.talk import Message
from ledger.workspace.work import Session
from tests.town.test_hooks import rows, sling
from tests.town.towns import TestTown, town_in
from tests.waiting import until
from town.hooks.slinging import Slung
from town.hooks.target import Target
from town.watch.deciding import Limits
from town.watch.desk import Round
from town.workspace.files import write_json

API = Target(rig="api")
SOON = Limits(backoff_us=1, backoff_max_us=1, settle_us=0, stillborn_us=3_600_000_000)
LATER = Limits(stillborn_us=0)  # whatever runs at all has run long enough


@dataclass
class Watched:
    """A town whose watch goes round when it is told to."""

    town: TestTown
    bin: Path
    did: list[Round] = field(default_factory=list)

    def settings(self, provider: str = "process", **agents: str) -> None:
        """The town runs these shell scripts, the first of them by default."""
        told = {name: {"command": "sh", "args": ["-c", text]} for name, text in agents.items()}
        told |= {"ghost": {"command": "ghost-agent"}}
        default = next(iter(agents), "ghost")
        said = {"session": {"provider": provider}, "default_agent": default, "agents": told}
        write_json(self.town.workspace.settings, said)

    def install(self, name: str, script: str) -> None:
        """A program is on PATH from now on."""
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def sling(self, title: str = "Fix it", **more: str) -> Slung:
        """A new bead is on a worker's hook."""
        return sling(self.town, self.town.bead(title), API, **more)

    def round(self, limits: Limits = SOON) -> Round:
        """The watch went round once."""
        self.did.append(self.town.works("deacon").watch.round(limits))
        return self.did[-1]

    def attempts(self) -> list[int]:
        """How often each bead was tried in vain."""
        return [bead.attempts for bead in rows(self.town, Bead)]

    def letters(self) -> list[str]:
        """What a person was told of, the subjects alone."""
        return [one.subject for one in rows(self.town, Message) if one.type == "escalation"]

    def open_sessions(self) -> list[Session]:
        """The sessions that are not over, by their rows."""
        return rows(self.town, Session, ended_at=0)

    def open_alarms(self) -> list[Escalation]:
        """What a person is to see to."""
        return rows(self.town, Escalation, closed_at=0)

    def put(self, row: Row) -> None:
        """The row is in the town's database, past every desk."""
        store = self.town.private.store
        self.town.private.run(lambda: store.apply(Change(puts=(row,))))

    def ended(self) -> None:
        """The program of the newest session is gone."""
        row = max(rows(self.town, Session), key=lambda one: one.started_at)
        sessions = self.town.works().agents.around.sessions(row.provider)
        until(lambda: sessions.find(row.name) is None)
        until(lambda: sessions.exit_code(row.name) is not None)


@contextmanager
def watched_town(folder: Path) -> Iterator[Watched]:
    """A watched town; its sessions are over in the end."""
    bin_ = folder / "bin"
    bin_.mkdir()
    with town_in(folder) as town:
        town.env = {**town.env, "PATH": f"{bin_}:{os.environ['PATH']}"}
        try:
            yield Watched(town, bin_)
        finally:
            town.works("deacon").watch.stop_all()
            if shutil.which("tmux"):
                town.works().agents.around.sessions("tmux").end()
