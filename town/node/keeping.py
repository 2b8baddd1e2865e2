"""Keeping the ledgers: opening their stores, commits at the right moments, storage given back.

A commit follows each user's action, and else every thousand records or minute; in a long stream
when the records have become four times as many. Unreferenced storage is collected when a file has
grown fourfold. It writes no record.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.dolt import open_doltlite
from ledger.journal import Journal
from ledger.store import Store, StoreError
from stamps.clock import SECOND_US
from stamps.record import public_id
from town.market.town import Town, wasteland_name
from town.node import clock
from town.node.continuity import KEYS
from town.node.doctor import Check
from town.node.home import Home
from town.node.log import Logger
from town.node.writer import Writer

if TYPE_CHECKING:
    import asyncio  # a node has a clockwork, a command has none

LOG = Logger("keeping")
COMMIT_RECORDS = 1_000
BULK_RECORDS = 10_000
BULK_GROWTH = 3
COMMIT_AGE_US = 60 * SECOND_US
COLLECT_GROWTH = 4
COLLECT_BYTES_MIN = 16 << 20
TICK_S = 1.0
SIZE_TICKS = 60
MESSAGE_ITEMS = 3
NAME_HEX = 12
ABOUT_ITEMS = ("wanted.", "claim.", "work.", "note.", "decision.", "home.")
VERBS = {
    "wanted.post": "post", "wanted.update": "update", "wanted.withdraw": "delete",
    "claim.bid": "claim", "claim.grant": "grant", "claim.end": "end", "claim.renew": "renew",
    "claim.release": "unclaim", "work.submit": "done", "work.accept": "accept",
    "work.reject": "reject", "work.close": "close", "note.add": "note", "rig.join": "join",
    "rig.admit": "admit", "stamp.give": "stamp", "decision.confirm": "confirm",
}  # fmt: skip


@dataclass(slots=True)
class BulkPlan:
    """When a long stream of records is committed: ten thousand, then four times as many each time.

    Each commit keeps the tables as they were: of so few, all together take a third of one.
    """

    committed: int = 0

    def keep(self, journal: Journal) -> bool:
        """Whether what came so far was just committed, and what nothing refers to given back."""
        fresh = journal.version - self.committed
        if fresh < max(BULK_RECORDS, BULK_GROWTH * self.committed):
            return False
        journal.flush()
        journal.store.checkpoint(f"wl sync: {fresh} records")
        journal.store.collect()
        self.committed = journal.version
        return True


@dataclass(slots=True)
class _Kept:
    """How far a ledger's last commit covers it."""

    version: int = 0
    at: int = 0


@dataclass(slots=True)
class Keeper:
    """Opens and keeps the stores of one home."""

    home: Home
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _plans: dict[str, BulkPlan] = field(default_factory=dict)
    _task: "asyncio.Task[None] | None" = None

    def open_store(self, path: Path) -> Store:
        """The store in this file, made where there is none. Raises StoreError."""
        return open_doltlite(path, town=self.home.path.name)

    def busy(self) -> None:
        """Whoever waits for this process sees that it goes on: the town's holder is alive."""
        with contextlib.suppress(OSError):
            self.home.holder.touch()

    # --- commits

    def keep(self, town: Town, *, now: int) -> None:
        """Every ledger that a user changed, or that changed enough, has a new commit."""
        spoken, town.spoken[:] = list(town.spoken), []
        for journal in (town.self_ledger, *town.ledgers.values()):
            said = [(kind, about) for where, kind, about in spoken if where == journal.wasteland]
            self._keep_one(journal, said, now)

    def _keep_one(self, journal: Journal, said: list[tuple[str, str]], now: int) -> None:
        kept = self._kept.setdefault(journal.wasteland, _Kept(journal.version if not said else 0))
        fresh = journal.version - kept.version
        if fresh <= 0:
            return
        if not said and fresh < COMMIT_RECORDS and now - kept.at < COMMIT_AGE_US:
            return
        if journal.streaming and not said:
            plan = self._plans.setdefault(journal.wasteland, BulkPlan(kept.version))
            if not plan.keep(journal):
                return
            kept.version, kept.at = journal.version, now
            return
        self._plans.pop(journal.wasteland, None)
        message = _message(said) if said else f"wl sync: {fresh} records"
        journal.flush()
        journal.store.checkpoint(message)
        kept.version, kept.at = journal.version, now

    # --- a node's own clockwork

    def start(self, town: Town, writer: Writer, next_due: Callable[[], int | None]) -> None:
        """What is due is attended to, and storage given back, until `stop`."""
        import asyncio  # noqa: PLC0415

        self._task = asyncio.create_task(self._tick(town, writer, next_due))

    async def stop(self) -> None:
        """The clockwork stands still."""
        import asyncio  # noqa: PLC0415

        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _tick(self, town: Town, writer: Writer, next_due: Callable[[], int | None]) -> None:
        import asyncio  # noqa: PLC0415

        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            try:
                due = next_due()
                if due is not None and due <= clock.now():
                    await writer.do(_nothing)  # conduct has its turn after each piece of work
                if ticks % SIZE_TICKS == 0:
                    await writer.do(partial(self.collect, town))
            except Exception as error:  # noqa: BLE001  # outermost: a clock that stands ends nothing
                LOG.warning("tick", why=f"{type(error).__name__}: {error}")

    # --- storage and health

    def collect(self, town: Town) -> None:
        """Ledgers that have grown fourfold gave back what nothing refers to."""
        for journal in (town.self_ledger, *town.ledgers.values()):
            path = self._file(journal)
            size = path.stat().st_size if path.exists() else 0
            last = journal.store.document("node", "collected") or 0
            if size < COLLECT_BYTES_MIN or size < COLLECT_GROWTH * int(last):
                continue
            try:
                journal.store.collect()
                journal.store.put("node", "collected", path.stat().st_size)
            except StoreError as error:
                LOG.warning("collect", code=error.code)

    def _file(self, journal: Journal) -> Path:
        home = self.home
        return home.ledger(journal.wasteland) if journal.wasteland else home.self_ledger

    def checks(self, town: Town) -> list[Check]:
        """The ledgers open and answer; how much each holds."""
        found = []
        for journal in town.ledgers.values():
            name, count = wasteland_name(journal), journal.store.count()
            found.append(Check(id="ledger", state="good", found=f"{name}: {count} records"))
        if town.sealed:
            found.append(
                Check(
                    id="key.newest",
                    state="bad",
                    found=f"this machine's key signs no more: {town.sealed}",
                    cause="a ledger that may be old must not continue its chain",
                    command=("wl", "device", "join"),
                )
            )
        return found or [Check(id="ledger", state="good", found="in no wasteland yet")]


def _nothing() -> None:
    """Work whose only point is the turn after it."""


def _message(said: list[tuple[str, str]]) -> str:
    """What a user's action did, as the predecessor's commits say it: `wl post: w-…`."""
    parts = [f"wl {VERBS.get(kind, kind)}: {_called(kind, about)}" for kind, about in said]
    shown = "; ".join(parts[:MESSAGE_ITEMS])
    return (
        shown if len(parts) <= MESSAGE_ITEMS else f"{shown} and {len(parts) - MESSAGE_ITEMS} more"
    )


def _called(kind: str, about: str) -> str:
    """What a record is about, as a person finds it again."""
    if about.startswith("row:"):
        return about.rpartition("/")[2]
    if kind == "stamp.revoke":
        return public_id("s", about)
    return public_id("w", about) if kind.startswith(ABOUT_ITEMS) else about[:NAME_HEX]


def board_of(wasteland: str) -> str:
    """How the names of a board's own chains begin in the mark; nothing for the town's own."""
    return wasteland[:16]


def own_heads(town: Town) -> dict[str, int]:
    """Which key this machine's is, and how far its chains have come (records 2.7)."""
    device = town.device
    if device is None:
        return {}
    mine = str(device.device)
    found = {f"{KEYS}{mine}": 0}  # an older copy may hold an older key
    for journal in (town.self_ledger, *town.ledgers.values()):
        for key in journal.state.chains_of(town.account):
            if key.device == mine:
                name = f"{board_of(journal.wasteland)}/{key.scope[:24]}"
                found[name] = journal.state.chains[key].head_seq
    return found
