"""Our own next record: composed from what the ledger holds, checked, signed, not yet recorded.

Every function returns an Entry for the one door. It checks what the fold would check, so that
nothing is signed that could only be void; `now` is in microseconds. It reads no clock.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ledger.actions_errors import KeyFrozenError, KeyRightsError, KeyUnknownError
from ledger.journal import Journal
from stamps.accounts import AccountLog
from stamps.clock import may_name, next_at
from stamps.identity import DeviceKey
from stamps.kinds import LOG_KINDS
from stamps.limits import AFTER_IDS_MAX
from stamps.record import ChainKey, Entry, sign


class Author(NamedTuple):
    """Who signs: an account, with one of its keys."""

    account: str
    key: DeviceKey

    @property
    def device(self) -> str:
        """The did:key of the key."""
        return str(self.key.device)


class _End(NamedTuple):
    """Where a chain ends: the seq of its next record, and the one before it."""

    seq: int = 0
    prev: str = ""
    at: int = 0


def compose(
    journal: Journal,
    author: Author,
    *,
    kind: str,
    body: Mapping[str, Any],
    now: int,
    about: str = "",
    scope: str | None = None,
    after: Iterable[str] = (),
) -> Entry:
    """The next record of the author's chain in a scope, by default the ledger's wasteland.

    Raises KeyFrozenError, KeyUnknownError, KeyRightsError, ClockError, BadRecordError.
    """
    where = journal.wasteland if scope is None else scope
    log = journal.log_of(author.account)
    if log is None:
        raise KeyUnknownError(author.device)
    if kind in LOG_KINDS:
        end = _End(log.head.seq + 1, log.head.id, log.head.at)
    else:
        end = _chain_end(journal, author, where, log)
        if not log.may(author.device, kind):
            raise KeyRightsError(author.device, kind)
    entry = sign(
        key=author.key,
        scope=where,
        author=author.account,
        seq=end.seq,
        prev=end.prev,
        at=next_at(now_us=now, last_at=end.at, seen_at=journal.seen_at()),
        kind=kind,
        about=about,
        after=_named(journal, after, now),
        body=dict(body),
    )
    if kind in LOG_KINDS and log.judge(entry.record) != "ok":
        raise KeyRightsError(author.device, kind)
    return entry


def _chain_end(journal: Journal, author: Author, scope: str, log: AccountLog) -> _End:
    """Where the author's chain ends; a chain that is forked, cut or retired never goes on."""
    if not log.introduces(author.device):
        raise KeyUnknownError(author.device)
    if author.device in log.effective.revoked:
        raise KeyFrozenError(author.device, "it was revoked")
    state = journal.head(ChainKey(scope, author.account, author.device))
    if state is None:
        return _End()
    if state.fork is not None:
        raise KeyFrozenError(author.device, "it spoke twice")
    if state.retired is not None:
        raise KeyFrozenError(author.device, "it was retired")
    return _End(state.counted, state.head_id, state.head_at)


def _named(journal: Journal, after: Iterable[str], now: int) -> tuple[str, ...]:
    """What the author had seen, as far as it is held and not from the future (records 2.6)."""
    found = set()
    for record_id in after:
        record = journal.state.record(record_id)
        if record is not None and may_name(now_us=now, at=record.at):
            found.add(str(record.id))
    return tuple(sorted(found)[:AFTER_IDS_MAX])


# --- accounts (records 3)


def register(
    *,
    key: DeviceKey,
    handle: str,
    type_: str,
    rotation: Iterable[DeviceKey],
    now: int,
    parent: str = "",
) -> Entry:
    """The genesis of a new account, signed by its first device. Its id is the account."""
    body: dict[str, Any] = {
        "handle": handle,
        "type": type_,
        "rotation": [str(one.device) for one in rotation],
        "device": str(key.device),
    }
    if parent:
        body["parent"] = parent
    return sign(
        key=key,
        scope="account",
        author="",
        seq=0,
        prev="",
        at=next_at(now_us=now, last_at=0, seen_at=0),
        kind="rig.register",
        body=body,
    )


def device_add(
    journal: Journal, author: Author, *, device: str, may: Iterable[str], now: int
) -> Entry:
    """One more device of the account; signed by a recovery key or a device that may."""
    body = {"device": device, "may": sorted(set(may))}
    return compose(journal, author, kind="device.add", body=body, now=now, scope="account")


def device_revoke(
    journal: Journal,
    author: Author,
    *,
    device: str,
    heads: Mapping[str, tuple[int, str]],
    now: int,
    successor: str = "",
) -> Entry:
    """The end of a device at these heads (keys as records 3.2); signed by a recovery key."""
    body: dict[str, Any] = {
        "device": device,
        "heads": {key: [seq, record_id] for key, (seq, record_id) in heads.items()},
    }
    if successor:
        body["successor"] = successor
    return compose(journal, author, kind="device.revoke", body=body, now=now, scope="account")


def key_rotate(
    journal: Journal, author: Author, *, rotation: Iterable[DeviceKey], now: int
) -> Entry:
    """New recovery keys, by priority; signed by one of the old ones."""
    body = {"rotation": [str(one.device) for one in rotation]}
    return compose(journal, author, kind="key.rotate", body=body, now=now, scope="account")
