"""Who gets in: the order of checks before a record is stored (records 2.1-2.3).

Pure. It looks at the account log, the record before, cuts and forks, and at what decisions
already pin; never at rights, which are the fold's, and never at the order of arrival.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from ledger.chains import ChainState, continues, follows
from ledger.state import LedgerState
from stamps.accounts import AccountLog
from stamps.limits import AT_AHEAD_MAX_US, ID_HEX_CHARS
from stamps.record import Entry, Envelope, Record, heads_key, verify, vouch


class Code(StrEnum):
    """What became of one record at the door."""

    OK = "ok"
    FORK = "fork"
    PINNED = "pinned"
    HELD = "held"
    PARKED = "parked"
    GAP = "gap"
    CUT = "cut"
    SETTLED = "settled"
    NOT_ADMITTED = "not_admitted"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_SCOPE = "unknown_scope"
    SIGNATURE = "signature"
    BAD = "record.bad"
    BAD_LINK = "bad_link"
    VOID = "log_void"
    LOOSE = "loose"
    LOOSE_FULL = "loose_full"


STORED: Final = frozenset({Code.OK, Code.FORK, Code.PINNED})
Admitted = tuple[Code, Entry | None]
_HELD: Final[Admitted] = (Code.HELD, None)


class Gate:
    """Judges envelopes against the state; `awaits` says which ids decisions wait for."""

    def __init__(self, state: LedgerState, awaits: Callable[[str], bool]) -> None:
        self.state = state
        self.awaits = awaits

    def admit(self, envelope: Envelope, *, now: int, holds: bool | None = None) -> Admitted:
        """The code, and the verified entry where the record is to be stored.

        `holds` is what a verifying worker found of the signature, None for not looked at yet.
        """
        record = envelope.record
        if not self._scope_known(record):
            return Code.UNKNOWN_SCOPE, None
        if self._held(record):
            return _HELD
        if record.at > now + AT_AHEAD_MAX_US:
            return Code.PARKED, None
        code = self._account(record) if record.scope == "account" else self._chained(record)
        if code not in STORED:
            return code, None
        entry = _entry_of(envelope, holds=holds)
        return (code, entry) if entry is not None else (Code.SIGNATURE, None)

    def admit_pair(self, one: Envelope, other: Envelope) -> tuple[Code, tuple[Entry, ...]]:
        """Two records of one slot, offered as the proof of a fork (records 2.3)."""
        first, second = one.record, other.record
        if first.chain != second.chain or first.seq != second.seq or first.id == second.id:
            return Code.BAD_LINK, ()
        code = self._pair(first)
        if code is not Code.FORK:
            return code, ()
        entries = verify(one), verify(other)
        if entries[0] is None or entries[1] is None:
            return Code.SIGNATURE, ()
        held = self.state.held.entry
        return code, tuple(e for e in entries if e is not None and not held(e.record.id))

    def _held(self, record: Record) -> bool:
        state = self.state.chains.get(record.chain)
        if state is not None and state.plain and continues(state, record):
            return False  # the common case: nothing at or above a plain chain's end is held
        return self.state.held.entry(record.id) is not None

    def _scope_known(self, record: Record) -> bool:
        state = self.state
        if record.scope in ("account", "identity"):
            return True
        if record.scope.startswith("new:"):
            return not state.wasteland or record.id == state.wasteland
        return record.scope == state.wasteland

    def _account(self, record: Record) -> Code:
        """records 3.1: a log record belongs behind one that is held, signed by who may."""
        if record.kind == "rig.register":
            self.state.log(record.account)
            return Code.OK
        log = self.state.log(record.account)
        if log is None:
            return Code.GAP
        said = log.judge(record)
        return {"ok": Code.OK, "held": Code.HELD, "gap": Code.GAP}.get(said, Code.VOID)

    def _chained(self, record: Record) -> Code:
        log = self.state.log(record.account)
        code = self._place(record, log)
        if code not in STORED and (record.id == self.state.wasteland or self.awaits(record.id)):
            named = log is not None and log.names(record.device)
            return Code.PINNED if named else Code.UNKNOWN_DEVICE
        return code

    def _place(self, record: Record, log: AccountLog | None) -> Code:
        refused = self._stranger(record, log)
        if refused is not None or log is None:
            return refused or Code.UNKNOWN_DEVICE
        state = self.state.chains.get(record.chain)
        if state is not None and state.plain and continues(state, record):
            return Code.OK
        revoke = log.effective.revokes.get(record.device)
        if revoke is None:
            return self._unrevoked(record, state)
        named = revoke.body["heads"].get(heads_key(record.scope, record.device))
        past = named is None or record.seq > named[0]
        beside = not past and record.seq == named[0] and record.id != named[1]
        whole = state is not None and state.settled  # all that will ever count is held
        return Code.CUT if past or beside or whole else self._linked(record)

    def _stranger(self, record: Record, log: AccountLog | None) -> Code | None:
        """Why nothing of this author and device is taken here now, None when it may be."""
        if log is None or not log.introduces(record.device):
            return Code.UNKNOWN_DEVICE
        if not self._scope_known(record) or not self._genesis_held(record):
            return Code.UNKNOWN_SCOPE
        return Code.NOT_ADMITTED if self._unwelcome(record) else None

    def _unrevoked(self, record: Record, state: ChainState | None) -> Code:
        fork = state.fork if state is not None else None
        if fork is not None and fork <= record.seq:
            return Code.CUT
        if self.state.held.slots(record.chain, record.seq, record.seq):
            return Code.FORK
        return self._linked(record)

    def _linked(self, record: Record) -> Code:
        """Whether `prev` is held, of the same chain, one before and earlier (records 2.1)."""
        if record.seq == 0:
            return Code.OK if record.prev == "" else Code.BAD_LINK
        before = self.state.record(record.prev)
        if before is None or before.chain != record.chain:
            return Code.GAP
        return Code.OK if follows(record, before) else Code.BAD_LINK

    def _genesis_held(self, record: Record) -> bool:
        if len(record.scope) != ID_HEX_CHARS:
            return True
        return self.state.genesis() is not None

    def _unwelcome(self, record: Record) -> bool:
        if len(record.scope) != ID_HEX_CHARS or record.kind == "rig.join":
            return False
        return not self.state.welcome(record.account)

    def _pair(self, record: Record) -> Code:
        log = self.state.log(record.account)
        refused = self._stranger(record, log)
        if refused is not None or log is None:
            return refused or Code.UNKNOWN_DEVICE
        chain = self.state.chains.get(record.chain)
        revoke = log.effective.revokes.get(record.device)
        if revoke is not None:
            named = revoke.body["heads"].get(heads_key(record.scope, record.device))
            settled = chain is not None and chain.settled
            if named is None or record.seq > named[0] or settled:
                return Code.SETTLED
        known = chain is not None and chain.fork is not None and chain.fork <= record.seq
        return Code.HELD if known else Code.FORK


def _entry_of(envelope: Envelope, *, holds: bool | None) -> Entry | None:
    """The entry where the signature holds; it is looked at unless a worker has."""
    if holds is None:
        return verify(envelope)
    return vouch(envelope) if holds else None
