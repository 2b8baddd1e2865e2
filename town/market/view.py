"""An item as programs read it: the columns of the commons by name, and what they mean for you.

Pure but for the ledger it reads. Strangers' text stands under `untrusted`, and in those columns
of the commons that scripts know by name; keys are only ever added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.fold import sent_back
from ledger.journal import Journal
from ledger.rows import evidence_text
from ledger.store import Item
from ledger.story import Ask, Attempt, Grant, Status, Story
from stamps.record import public_id
from town.market.find import Found, live_asks, undecided
from town.market.names import holder_words, name_of, worker_words
from town.market.words import instant, seconds_left, short_id

PILLS = {
    "open": "open",
    "claimed": "claimed",
    "in_review": "in review",
    "completed": "done",
    "withdrawn": "withdrawn",
}
FOR_THE_DOER = ("repo", "base", "check", "done_when", "deliver", "needs", "due", "reward")

UNKNOWN_POSTER = {"trust": None, "seen_s": None, "answers_s": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks, and when: what is `you` in an answer."""

    account: str
    device: str
    agent: str
    now: int


def held_by(story: Story, account: str) -> Grant | None:
    """The open grant of an account."""
    return next((g for g in story.open_grants if g.holder == account), None)


def asked_by(story: Story, viewer: Viewer) -> Ask | None:
    """The newest live request of the viewer's town."""
    mine = [a for a in live_asks(story, viewer.now) if a.account == viewer.account]
    return mine[-1] if mine else None


def decides(story: Story, viewer: Viewer) -> bool:
    """Whether the viewer's town posted the item or is its home."""
    return viewer.account in (story.post.account, story.home.account)


def you_are(story: Story, viewer: Viewer) -> str:
    """none, asked, holder, poster or reviewer (users 10)."""
    if held_by(story, viewer.account) is not None:
        return "holder"
    if decides(story, viewer):
        return "reviewer" if story.status is Status.IN_REVIEW else "poster"
    return "asked" if asked_by(story, viewer) is not None else "none"


def state_of(story: Story, now: int) -> str:
    """The one word of the pill: open, asked, claimed, in review, sent back, done, withdrawn."""
    if story.status is Status.OPEN:
        return "asked" if live_asks(story, now) else "open"
    if story.status is Status.CLAIMED and sent_back(story) is not None:
        return "sent back"
    return PILLS[str(story.status)]


def actor_of(journal: Journal, story: Story, now: int) -> str:
    """Who must act now; empty when nobody must."""
    if story.status is Status.CLAIMED:
        return holder_words(journal, story.open_grants[0])
    waits = story.status is Status.IN_REVIEW or live_asks(story, now) or undecided(story)
    over = story.status in (Status.COMPLETED, Status.WITHDRAWN)
    return name_of(journal, story.home.account) if waits and not over else ""


def item_facts(found: Found, viewer: Viewer) -> dict[str, Any]:
    """The `data` of `wl show`."""
    if found.story is None:
        return _unsigned_facts(found)
    journal, story = found.journal, found.story
    row = journal.store.row("wanted", found.id) or {}
    grant = story.open_grants[0] if story.open_grants else None
    mine = held_by(story, viewer.account)
    due = (mine or grant).until if (mine or grant) is not None else None  # type: ignore[union-attr]
    return {
        **row,
        "short": short_id(journal, found.id),
        "wasteland": journal.wasteland,
        "state": state_of(story, viewer.now),
        "you": you_are(story, viewer),
        "may_start": mine is not None,
        "actor": actor_of(journal, story, viewer.now),
        "holder": holder_words(journal, grant) if grant is not None else None,
        "until": instant(due) if due is not None else None,
        "left_s": seconds_left(due, viewer.now) if due is not None else None,
        "asked_n": len({a.account for a in live_asks(story, viewer.now)}),
        "poster": _person(journal, story.post.account),
        "home": {**_person(journal, story.home.account), "device": story.home.device},
        "home_is_here": (viewer.account, viewer.device) == story.home,
        "assign": story.rules.assign,
        "signed": True,
        "verified": True,  # nothing else passes the one door
        "waits": str(story.stop),
        "effort": row.get("effort_level"),
        "attempts": [_attempt(journal, a) for a in story.attempts],
        "evidence": _evidence(story),
        "stamps": [_stamp(journal, g) for g in story.stamps],
        **{name: _plain(story.fields.get(name)) for name in FOR_THE_DOER},
        "supersedes": story.fields.get("supersedes"),
        "untrusted": _untrusted(journal, story),
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _person(journal: Journal, account: str) -> dict[str, Any]:
    return {"handle": name_of(journal, account), "account": account}


def _attempt(journal: Journal, attempt: Attempt) -> dict[str, Any]:
    return {
        "n": attempt.n,
        "id": public_id("c", attempt.id),
        "worker": worker_words(journal, attempt),
        "at": instant(attempt.at),
        "decision": attempt.decision or None,
        "decided_at": instant(attempt.decided_at) if attempt.decided_at else None,
        "late": attempt.late,
        "speculative": attempt.speculative,
        "untrusted": {
            "summary": attempt.summary,
            "evidence": [dict(piece) for piece in attempt.evidence],
            "reason": attempt.reason,
        },
    }


def _evidence(story: Story) -> list[dict[str, Any]]:
    """What was handed in, piece by piece: kinds here, strangers' values under `untrusted`."""
    return [
        {
            "n": attempt.n,
            "kind": piece["kind"],
            **{name: piece[name] for name in ("sha256", "size") if name in piece},
            "untrusted": {"value": piece["value"]},
        }
        for attempt in story.attempts
        for piece in attempt.evidence
    ]


def _stamp(journal: Journal, given: Any) -> dict[str, Any]:
    return {
        "id": public_id("s", given.id),
        "author": name_of(journal, given.author),
        "subject": name_of(journal, given.subject),
        "dims": dict(given.stamp["dims"]),
        "void": given.void or None,
        "revoked": bool(given.revoked),
    }


def _untrusted(journal: Journal, story: Story) -> dict[str, Any]:
    return {
        "title": story.fields["title"],
        "description": story.fields.get("description", ""),
        "notes": [
            {
                "id": note.id,
                "by": name_of(journal, note.account),
                "at": instant(note.at),
                "tag": note.tag,
                "text": note.text,
                "re": note.re or None,
            }
            for note in story.notes
        ],
    }


def _unsigned_facts(found: Found) -> dict[str, Any]:
    observed = found.observed
    row = dict(observed.row.values) if observed is not None else {}
    status = str(row.get("status"))
    return {
        **row,
        "short": short_id(found.journal, found.id),
        "wasteland": found.journal.wasteland,
        "state": PILLS.get(status, status),
        "you": "none",
        "may_start": False,
        "actor": "",
        "holder": row.get("claimed_by"),
        "until": None,
        "left_s": None,
        "asked_n": 0,
        "poster": {"handle": row.get("posted_by"), "account": None, **UNKNOWN_POSTER},
        "home": None,
        "home_is_here": False,
        "signed": False,
        "verified": False,
        "effort": row.get("effort_level"),
        "attempts": [],
        "evidence": [],
        "stamps": [],
        "seen_by": [],
        **dict.fromkeys(FOR_THE_DOER),
        "seen_in": _provenance(found),
        "untrusted": {
            "title": row.get("title"),
            "description": row.get("description"),
            "notes": [],
        },
    }


def _provenance(found: Found) -> dict[str, Any] | None:
    if found.observed is None:
        return None
    return {
        "source": found.observed.source,
        "commit": found.observed.commit,
        "at": instant(found.observed.seen_at),
    }


def line_facts(journal: Journal, item: Item, viewer: Viewer) -> dict[str, Any]:
    """One row of `wl browse`: the columns, and what the card beside them says."""
    row, card = item.row, item.card
    asks = [ask for ask in card.get("asks", ()) if ask[3] >= viewer.now]
    held = card.get("held", ())
    return {
        **row,
        "short": short_id(journal, str(row["id"])),
        "state": _line_state(str(row.get("status")), asks=asks, card=card),
        "you": _line_you(card, asks, held, viewer),
        "asked_n": len({ask[0] for ask in asks}),
        "holder": held[0][2] if held else row.get("claimed_by"),
        "until": instant(held[0][3]) if held else None,
        "signed": item.observed is None,
        "verified": item.observed is None,
        "has_check": bool(card.get("check")),
        "poster": {"handle": row.get("posted_by"), "account": card.get("poster")},
        "seen_in": _seen_in(item),
        "untrusted": {"title": row.get("title"), "description": row.get("description")},
    }


def _line_state(status: str, *, asks: Sequence[Any], card: Mapping[str, Any]) -> str:
    if status == "open" and asks:
        return f"asked {len({ask[0] for ask in asks})}"
    if status == "claimed" and card.get("sent_back"):
        return "sent back"
    return PILLS.get(status, status)


def _line_you(
    card: Mapping[str, Any], asks: Sequence[Any], held: Sequence[Any], viewer: Viewer
) -> str:
    if not viewer.account:
        return "none"
    if any(one[0] == viewer.account for one in held):
        return "holder"
    if card.get("poster") == viewer.account:
        return "reviewer" if card.get("handed_in") else "poster"
    return "asked" if any(ask[0] == viewer.account for ask in asks) else "none"


def _seen_in(item: Item) -> dict[str, Any] | None:
    if item.observed is None:
        return None
    return {"source": item.observed.source, "commit": item.observed.commit}


def evidence_line(attempt: Attempt) -> str:
    """The first evidence of a hand-in on one line."""
    return evidence_text(attempt) or "(nothing named)"
