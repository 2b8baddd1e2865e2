"""The fold: from what is held of one subject to what is shown of it (records 7).

Pure. Same records, same fold version, same signed rows on every backend (7.6). Each subject
is folded by itself, so that one new record costs what its subject holds and nothing more.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ledger.people import account_rows, given_rows, given_stamp, link_rows
from ledger.rows import evidence_text, holder_name, item_rows, worker_name
from ledger.store import Subject
from ledger.story import Attempt, Given, Note, Stop, Story
from ledger.wanted import fold_item
from ledger.world import World, row_name
from stamps.record import Record, public_id

FOLD_VERSION: Final = 1


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """A subject, the stamps it gave (their order decides `prev_stamp_hash`), and its story."""

    subject: Subject
    given: tuple[Given, ...] = ()
    story: Story | None = None


def fold_post(world: World, post: Record) -> Folded:
    """An item folded from its post."""
    story = fold_item(world, post)
    if story is None:
        return Folded(subject=Subject(id=post.id, kind="item"))
    rows = () if story.stop is Stop.POLICY else item_rows(world, story)
    given = effective_stamps(story)
    subject = Subject(
        id=post.id,
        kind="item",
        rows=rows,
        card=item_card(world, story, given),
        waits=(*story.waits, *_given_waits(given)),
        pins=story.pins,
    )
    return Folded(subject=subject, given=given, story=story)


def open_questions(story: Story) -> list[Note]:
    """Questions that nobody answered: by name, or by the next words of somebody else."""
    return [
        asked
        for place, asked in enumerate(story.notes)
        if asked.tag == "question"
        and not any(
            said.re == asked.id or (not said.re and said.tag == "answer")
            for said in story.notes[place + 1 :]
            if said.account != asked.account
        )
    ]


def effective_stamps(story: Story) -> tuple[Given, ...]:
    """The stamps of an item that have a row."""
    return tuple(g for g in story.stamps if not g.void and not g.revoked)


def _given_card(given: Sequence[Given]) -> list[list[Any]]:
    return [[g.author, g.at, g.id] for g in given]


def _given_waits(given: Sequence[Given]) -> tuple[str, ...]:
    """Keys by which an author's stamps, and rows that show a name, are found again."""
    if not given:
        return ()
    keys = [f"stamp:{g.author}" for g in given]
    keys += [f"named:{g.subject}" for g in given]
    return tuple(dict.fromkeys(keys))


def item_card(world: World, story: Story, stamps: Sequence[Given]) -> Mapping[str, Any]:
    """What a list shows of an item beside its `wanted` row. Times in microseconds."""
    asks = [a for a in story.asks if a.grant is None and not a.released and not a.stale]
    grants = story.open_grants
    waiting = [a for a in story.attempts if not a.decision]
    return {
        "item": story.post.id,
        "short": public_id("w", story.post.id),
        "poster": story.post.account,
        "home": list(story.home),
        "stop": str(story.stop),
        "assign": story.rules.assign,
        "asks": [[a.account, a.device, a.at, a.until] for a in asks],
        "held": [
            [g.holder, g.neighbour, holder_name(world, g), g.until, g.last_sign] for g in grants
        ],
        "handed_in": [[a.worker, worker_name(world, a), a.at, evidence_text(a)] for a in waiting],
        "sent_back": sent_back(story) is not None,
        "answered": _answered(story),
        "check": bool(story.fields.get("check")),
        "notes": len(story.notes),
        "questions": [[n.account, n.at] for n in open_questions(story)],
        "instructions": len(story.instructions),
        "given": _given_card(stamps),
    }


def sent_back(story: Story) -> Attempt | None:
    """The latest hand-in of a holder, if it was sent back; somebody else's says nothing of it."""
    if not story.attempts:
        return None
    holders = {grant.holder for grant in story.open_grants}
    theirs = [attempt for attempt in story.attempts if attempt.worker in holders]
    return theirs[-1] if theirs and theirs[-1].decision == "rejected" else None


def _answered(story: Story) -> list[int]:
    """How long each request waited for its yes."""
    if not story.grants:
        return []
    asked = {ask.id: ask.at for ask in story.asks}
    return [max(0, g.at - asked[g.bid]) for g in story.grants if g.bid in asked]


def fold_account(world: World, account: str) -> Folded:
    """A person's row, and the wish for a name that the registrar has not answered."""
    rows = account_rows(world, account)
    card = {"account": account, "name": row_name(world, account)}
    log = world.log(account)
    parent = log.path[0].body.get("parent") if log is not None else None
    waits = (f"named:{parent}", f"acts:{parent}") if parent else ()
    subject = Subject(id=account, kind="account", rows=rows, card=card, waits=waits)
    return Folded(subject=subject)


def fold_link(world: World, subject: str) -> Folded:
    """What two accounts say of each other."""
    keys = ("named", "acts")  # its names, and that both of them take part
    waits = tuple(f"{key}:{account}" for account in subject.split(":")[1:] for key in keys)
    rows = link_rows(world, subject)
    return Folded(subject=Subject(id=subject, kind="link", rows=rows, waits=waits))


def fold_stamp(world: World, record: Record) -> Folded:
    """A stamp given by itself."""
    given = given_stamp(world, record)
    if given is None:
        return Folded(subject=Subject(id=record.id, kind="stamp"))
    effective = () if given.void or given.revoked else (given,)
    card = {
        "author": given.author,
        "subject": given.subject,
        "void": given.void,
        "given": _given_card(effective),
    }
    subject = Subject(
        id=record.id,
        kind="stamp",
        rows=given_rows(world, given, record),
        card=card,
        waits=(*_given_waits((given,)),),
    )
    return Folded(subject=subject, given=effective)
