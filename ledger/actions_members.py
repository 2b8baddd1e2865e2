"""Records about a wasteland, its members and their stamps (records 3.2, 4, 6).

What only the registrar may say is refused to anybody else before it is signed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.actions import Author, compose
from ledger.actions_errors import NameTakenError, NotYoursError, SelfStampError
from ledger.journal import Journal
from stamps.kinds import SCOPE_NEW_PREFIX
from stamps.record import Entry


def create(
    journal: Journal,
    author: Author,
    *,
    name: str,
    title: str,
    policy: Mapping[str, Any],
    secret: bytes,
    now: int,
    maintainers: Sequence[str] = (),
) -> Entry:
    """The genesis of a wasteland; `secret` of 16 random bytes. Its id is the wasteland."""
    body = {
        "name": name,
        "title": title,
        "maintainers": list(maintainers),
        "policy": dict(policy),
        "schema": "1.2",
    }
    scope = SCOPE_NEW_PREFIX + secret.hex()
    return compose(journal, author, kind="wasteland.create", body=body, now=now, scope=scope)


def join(journal: Journal, author: Author, *, handle: str, now: int) -> Entry:
    """A wish to take part under a handle."""
    return compose(
        journal,
        author,
        kind="rig.join",
        body={"handle": handle},
        now=now,
        about=journal.wasteland,
    )


def is_registrar(journal: Journal, author: Author) -> bool:
    """Whether the author's device admits people here."""
    return journal.registrar() == (author.account, author.device)


def _as_registrar(
    journal: Journal, author: Author, kind: str, *, about: str, body: Mapping[str, Any], now: int
) -> Entry:
    registrar = journal.registrar()
    if registrar is None or registrar != (author.account, author.device):
        home = registrar.account if registrar is not None else ""
        raise NotYoursError(kind, item="", home=home)
    pointer = journal.registrar_pointer()
    whole = {"decides": pointer, **body}
    return compose(journal, author, kind=kind, body=whole, now=now, about=about, after=(pointer,))


def admit(
    journal: Journal,
    author: Author,
    *,
    account: str,
    handle: str,
    now: int,
    suspended: bool = False,
) -> Entry:
    """An account bears a handle, or its admission ends. Raises NameTakenError (records 4.3)."""
    bearer = journal.state.registry.bearers.get(handle)
    if bearer is not None and bearer != account and not suspended:
        raise NameTakenError(handle, bearer)
    body: dict[str, Any] = {"account": account, "handle": handle}
    body |= {"suspend": True} if suspended else {}
    return _as_registrar(journal, author, "rig.admit", about=account, body=body, now=now)


def policy(journal: Journal, author: Author, *, changes: Mapping[str, Any], now: int) -> Entry:
    """The rules that later posts are under. A policy record is whole: what holds now stays."""
    pointer = journal.state.registry.policy_id
    before = journal.state.record(pointer)
    held = before.body.get("set", {}) if before is not None else {}
    body = {"set": {**held, **changes}}
    about = journal.wasteland
    return _as_registrar(journal, author, "wasteland.policy", about=about, body=body, now=now)


def stamp_give(
    journal: Journal,
    author: Author,
    *,
    subject: str,
    context: Mapping[str, Any],
    stamp: Mapping[str, Any],
    now: int,
) -> Entry:
    """A stamp for something other than an item. Raises SelfStampError."""
    if subject == author.account:
        raise SelfStampError
    body = {"subject": subject, "context": dict(context), "stamp": dict(stamp)}
    return compose(journal, author, kind="stamp.give", body=body, now=now, about=subject)


def stamp_revoke(
    journal: Journal, author: Author, *, stamp_id: str, giver: str, reason: str, now: int
) -> Entry:
    """A stamp of the author's taken back. `stamp_id` is the record that gave it."""
    if giver != author.account:
        raise NotYoursError("stamp.revoke", item=stamp_id, home=giver)
    body = {"reason": reason}
    return compose(journal, author, kind="stamp.revoke", body=body, now=now, about=stamp_id)
