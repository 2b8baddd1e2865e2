"""What the fold may ask about the set it folds: a port, and who counts in it.

Pure. The fold reads records, account logs and chain states through this and nothing else, so
the same fold serves a store, a bundle in memory and a simulated town.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from ledger.chains import ChainState
from stamps.accounts import AccountLog
from stamps.record import ChainKey, Record

# What rows call an account that bears no handle (records 4.1); no handle has a `~`.
UNADMITTED: Final = re.compile(r"handle~[0-9a-f]{20}")


class World(Protocol):
    """The held set of one wasteland, judged as far as chains, logs and admissions go."""

    @property
    def wasteland(self) -> str:
        """The id of the wasteland being folded."""
        ...

    def record(self, record_id: str) -> Record | None:
        """The held record of this id, whether it counts or not."""
        ...

    def about(self, subject: str) -> Sequence[Record]:
        """All held records about a subject."""
        ...

    def joins(self, account: str) -> Sequence[Record]:
        """All held `rig.join` records of an account in this wasteland."""
        ...

    def log(self, account: str) -> AccountLog | None:
        """The account log of an author, as far as held."""
        ...

    def chain(self, key: ChainKey) -> ChainState | None:
        """The state of a chain, None when nothing of it is held."""
        ...

    def chain_records(self, key: ChainKey) -> Sequence[Record]:
        """The counted records of a chain, in order."""
        ...

    def chains_of(self, account: str) -> Iterable[ChainKey]:
        """The chains of an account of which anything is held."""
        ...

    def slot(self, key: ChainKey, seq: int) -> Record | None:
        """The counted record of a chain at this seq."""
        ...

    def stamp_before(self, author: str, at: int, stamp_id: str) -> str | None:
        """The id of the author's effective stamp before (`at`, id), None for the first (7.3)."""
        ...

    def welcome(self, account: str) -> bool:
        """Whether the account may be counted: under `join: invite` it was ever admitted."""
        ...

    def admitted(self) -> Mapping[str, str]:
        """Account to admitted handle, suspended ones left out."""
        ...

    def bearers(self) -> Mapping[str, str]:
        """Every handle ever admitted to the account that bears it (records 4.3)."""
        ...


def introduced(world: World, record: Record) -> bool:
    """Whether the author's effective log names the device, revoked since or not (records 2.1)."""
    log = world.log(record.account)
    return log is not None and log.introduces(record.device)


def counts(world: World, record: Record) -> bool:
    """Whether the record is counted (records 2.4)."""
    state = world.chain(record.chain)
    return (
        state is not None
        and state.counts(record)
        and introduced(world, record)
        and world.welcome(record.account)
    )


def lives(world: World, record: Record) -> bool:
    """Whether it counts and does not follow the retirement of its chain (records 3.2)."""
    return in_force(world, record) and world.welcome(record.account)


def in_force(world: World, record: Record) -> bool:
    """As `lives`, whoever is admitted: the registrar's own decisions say who that is."""
    state = world.chain(record.chain)
    return state is not None and state.lives(record) and introduced(world, record)


def look(world: World, record_id: str) -> tuple[Record | None, str]:
    """A record that a decision names, or what must arrive before it can be judged.

    It is good with any held log path, effective or not, that names its device (records 5.3).
    """
    record = world.record(record_id)
    if record is None:
        return None, record_id
    log = world.log(record.account)
    if log is None or not log.names(record.device):
        return None, f"path:{record.account}:{record.device}"
    return record, ""


def row_name(world: World, account: str) -> str:
    """The name of an account in rows: the admitted handle, else `handle~` and 20 hex (4.1)."""
    handle = world.admitted().get(account)
    return handle if handle is not None else f"handle~{account[:20]}"
