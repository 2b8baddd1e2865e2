"""Rows about people: who joined or acted, who says they belong together, who was praised.

Pure (records 3.2, 4, 6, 7.4). Control clusters and reputation are views of one town and are
not made here.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from ledger.handed import revoked_by
from ledger.rows import at_text, hop_uri, stamp_row
from ledger.story import Given
from ledger.tables import Row
from ledger.world import World, lives, row_name
from stamps.record import Record

LINK_DOMAIN: Final = b"wasteland/link/1\0"
_COMPLEMENTS: Final = {"member": "employer", "employer": "member"}


def account_rows(world: World, account: str) -> tuple[Row, ...]:
    """The `rigs` row of an account that joined or acted in the wasteland, else nothing (7.4)."""
    log = world.log(account)
    first = _first_act(world, account)
    if log is None or first is None:
        return ()
    joined = min((r.at for r in world.joins(account) if lives(world, r)), default=first)
    updates = _updates(world, account)
    genesis = log.path[0]
    name = row_name(world, account)
    shown: dict[str, Any] = {}
    for update in updates:
        shown.update(update.body)
    values = {
        "handle": name,
        "display_name": shown.get("name", genesis.body["handle"]),
        "dolthub_org": None,
        "hop_uri": hop_uri(world, account),
        "owner_email": "",
        "gt_version": None,
        "trust_level": 1,
        "registered_at": at_text(joined),
        "last_seen": at_text(max([joined, *(u.at for u in updates)])),
        "rig_type": genesis.body["type"],
        "parent_rig": _parent(world, account, genesis.body.get("parent")),
    }
    return (Row("rigs", name, values),)


def _first_act(world: World, account: str) -> int | None:
    """When the account's first counted record of this wasteland was made."""
    if not world.welcome(account):
        return None
    firsts = [
        world.slot(key, 0) for key in world.chains_of(account) if key.scope == world.wasteland
    ]
    return min((r.at for r in firsts if r is not None and lives(world, r)), default=None)


def _identity(world: World, account: str, kind: str) -> Iterable[Record]:
    """Living identity records of one kind, by (`at`, id)."""
    found = [
        record
        for key in world.chains_of(account)
        if key.scope == "identity"
        for record in world.chain_records(key)
        if record.kind == kind and lives(world, record)
    ]
    return sorted(found, key=lambda r: (r.at, r.id))


def _updates(world: World, account: str) -> list[Record]:
    return list(_identity(world, account, "rig.update"))


def links_of(world: World, account: str) -> dict[str, Record]:
    """The latest `rig.link` this account says of each other one."""
    return {r.body["other"]: r for r in _identity(world, account, "rig.link")}


def _parent(world: World, account: str, parent: str | None) -> str | None:
    """The parent's name once both sides say so, and the parent takes part here (records 3.4).

    What somebody outside says of himself is not in the set, and two towns may hold it or not.
    """
    if not parent or _first_act(world, parent) is None:
        return None
    if account not in links_of(world, parent):
        return None
    return row_name(world, parent)


def link_id(one: str, other: str) -> str:
    """The subject of what two accounts say of each other, the same from both sides."""
    return "link:" + ":".join(sorted((one, other)))


def link_rows(world: World, subject: str) -> tuple[Row, ...]:
    """The `rig_links` row of a pair, pending until both say the same (records 3.2)."""
    low, high = subject.removeprefix("link:").split(":")
    said = [links_of(world, low).get(high), links_of(world, high).get(low)]
    there = [record for record in said if record is not None]
    names = row_name(world, low), row_name(world, high)
    acting = all(_first_act(world, account) is not None for account in (low, high))
    if not there or names[0] == names[1] or not acting:
        return ()
    agreed = len(there) == 2 and _agree(*there)  # noqa: PLR2004 - both sides
    key = "l-" + hashlib.sha256(LINK_DOMAIN + subject.encode()).hexdigest()[:40]
    first = min(there, key=lambda r: (r.at, r.id))
    values = {
        "id": key,
        "rig_a": names[0],
        "rig_b": names[1],
        "link_type": first.body["relation"],
        "assertion_a": said[0].id if said[0] is not None else None,
        "assertion_b": said[1].id if said[1] is not None else None,
        "status": "confirmed" if agreed else "pending",
        "created_at": at_text(first.at),
        "completed_at": at_text(max(r.at for r in there)) if agreed else None,
        "revoked_at": None,
        "revoked_by": None,
    }
    return (Row("rig_links", key, values),)


def _agree(one: Record, other: Record) -> bool:
    relation = one.body["relation"]
    return bool(other.body["relation"] == _COMPLEMENTS.get(relation, relation))


def given_stamp(world: World, record: Record) -> Given | None:
    """A `stamp.give` as a stamp, None while it does not count (records 6)."""
    if not lives(world, record):
        return None
    log = world.log(record.account)
    if log is None or not log.may(record.device, record.kind):
        return None
    subject = record.body["subject"]
    return Given(
        id=record.id,
        author=record.account,
        subject=subject,
        stamp=record.body["stamp"],
        at=record.at,
        void="yearbook" if subject == record.account else "",
        revoked=revoked_by(world, record.id, record.account),
    )


def given_rows(world: World, given: Given, record: Record) -> tuple[Row, ...]:
    """The `stamps` row of a stamp given by itself."""
    if given.void or given.revoked:
        return ()
    context = record.body["context"]
    row = stamp_row(world, given, context_id=context.get("id"), context_type=context["type"])
    return (row,)
