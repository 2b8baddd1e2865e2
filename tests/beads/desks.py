"""Exchanges over a store, with a clock that stands where the test puts it."""

from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Setting
from ledger.private.store import Change, PrivateStore
from town.beads.ports import BeadPorts, Caller
from town.beads.syncing import Syncing

NOW = 1_800_000_000_000_000


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def exchange(store: PrivateStore | None = None, clock: Clock | None = None) -> Syncing:
    """An exchange of ada's; ids begin with gt."""
    found = store if store is not None else MemoryPrivate()
    if found.get(Setting, "issue_prefix") is None:
        found.apply(Change(puts=(Setting(name="issue_prefix", value="gt"),)))
    ports = BeadPorts(
        now=clock or Clock(),
        new_secret=lambda: b"secret",
        run=lambda work: work(),
        caller=Caller(actor="ada"),
    )
    return Syncing(found, ports)
