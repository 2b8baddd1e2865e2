"""The town's doctor with every port plugged in: the database, git, the node's own checks."""

from collections.abc import Mapping, Sequence
from typing import Final

from ledger.dolt.private import DoltPrivate
from ledger.dolt.private_schema import complete, lacking
from town.beads.ports import Caller
from town.doctor.check import Opened, Patient, Reported, Status
from town.growth.rows import OldRows
from town.node import clock, doctor
from town.node.git import GitProgram
from town.node.home import Home
from town.node.private import OpenPrivate
from town.workspace.install import detected
from town.workspace.layout import Workspace

STATES: Final[Mapping[doctor.State, Status]] = {
    "good": "ok", "warn": "warning", "bad": "error", "unknown": "ok",
}  # fmt: skip


class Tables:
    """The tables of an open private database."""

    def __init__(self, private: OpenPrivate, store: DoltPrivate) -> None:
        self.private = private
        self.store = store

    def lacking(self) -> Sequence[str]:
        """What is missing: `table` or `table.column`."""
        return self.private.run(lambda: lacking(self.store.database))

    def complete(self) -> None:
        """Nothing is missing any more."""
        self.private.run(lambda: complete(self.store.database))


def _tables(private: OpenPrivate) -> Tables:
    store: object = private.store
    while not isinstance(store, DoltPrivate):
        store = getattr(store, "store")  # noqa: B009  # what stands before it
    return Tables(private, store)


def patient(
    workspace: Workspace,
    caller: Caller,
    env: Mapping[str, str],
    private: OpenPrivate | None,
    *,
    closed_because: str = "",
    rig: str = "",
) -> Patient:
    """The town as the doctor sees it; without its database where that did not open."""
    git = GitProgram(env)
    opened = None
    if private is not None:
        works = private.works(workspace, caller, env)
        opened = Opened(
            store=private.store,
            rigs=works.rigs,
            shape=_tables(private),
            agents=works.agents,
            hooks=works.hooks,
            convoys=works.convoys,
            transcripts=works.transcripts,
            old_rows=OldRows(works.store, works.ports),
        )
    return Patient(
        env=env,
        workspace=workspace,
        git=git,
        now=clock.now(),
        person=lambda: detected(git, user=caller.actor, at=workspace.root),
        node=lambda: _reports(Home(workspace.home), env),
        opened=opened,
        closed_because=closed_because,
        rig=rig,
    )


def _reports(home: Home, env: Mapping[str, str]) -> list[Reported]:
    """What `wl doctor` finds from outside of the ledgers."""
    return [
        Reported(
            id=check.id,
            status=STATES[check.state],
            words=f"{check.found}{f' ({check.cause})' if check.cause else ''}",
            mend=check.mend,
        )
        for check in doctor.look(home, env)
    ]
