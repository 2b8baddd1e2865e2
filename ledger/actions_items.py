"""Records about items that our author may say (records 5): requests and decisions.

A decision about an item whose home is another device becomes an instruction where the author may
instruct, and is refused where not. What the fold would call void is refused before it is signed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ledger.actions import Author, compose
from ledger.actions_errors import (
    ClaimLostError,
    ItemClosedError,
    NotYoursError,
    SelfStampError,
    StateError,
)
from ledger.journal import Journal
from ledger.story import Ask, Attempt, Grant, Status, Stop, Story
from stamps.limits import BID_DEFAULT_US
from stamps.record import Entry, Record

Say = Literal["decides", "instructs", "nothing"]
CLOSED = (Status.COMPLETED, Status.WITHDRAWN)
Cause = Literal["lapsed", "released", "taken_back"]


def say_of(story: Story, author: Author, kind: str) -> Say:
    """What the author's word about an item is worth: its home's, an instruction, or nothing."""
    if (author.account, author.device) == story.home:
        return "decides"
    maintains = author.account in story.rules.maintainers and kind in story.rules.may_instruct
    return "instructs" if maintains or author.account == story.post.account else "nothing"


def _decide(
    journal: Journal, author: Author, story: Story, kind: str, body: dict[str, Any], *, now: int
) -> Entry:
    """The next decision about an item, or the instruction of it."""
    item = story.post.id
    whole = {"decides": story.pointer, **body}
    return compose(
        journal, author, kind=kind, body=whole, now=now, about=item, after=(story.pointer,)
    )


def check_decision(story: Story, author: Author, kind: str) -> None:
    """Nothing happens where the author may decide now. Raises NotYoursError, ItemClosedError."""
    item = story.post.id
    if say_of(story, author, kind) == "nothing":
        raise NotYoursError(kind, item=item, home=story.home.account)
    _check_open(story)
    if story.stop is not Stop.NONE:
        raise StateError(str(story.stop), "records are missing here to decide about it", item=item)


def _check_open(story: Story) -> None:
    if story.status in CLOSED:
        raise ItemClosedError(item=story.post.id, status=str(story.status))


# --- what the poster says


def post(
    journal: Journal,
    author: Author,
    *,
    fields: Mapping[str, Any],
    policy: Mapping[str, Any],
    now: int,
) -> Entry:
    """A new item under the policy in force here (records 5.2)."""
    body = post_body(fields, policy, under=journal.policy_id())
    return compose(journal, author, kind="wanted.post", body=body, now=now)


def post_body(
    fields: Mapping[str, Any], policy: Mapping[str, Any], *, under: str
) -> dict[str, Any]:
    """The body of a post (records 5.2), with the defaults of what it does not say."""
    return {
        "description": "",
        "project": "",
        "type": "",
        "priority": 2,
        "effort": "medium",
        "tags": [],
        **fields,
        "under": under,
        "policy": dict(policy),
    }


def update(
    journal: Journal, author: Author, story: Story, *, fields: Mapping[str, Any], now: int
) -> Entry:
    """New terms of an item that nobody holds."""
    check_decision(story, author, "wanted.update")
    if story.open_grants:
        raise StateError("held", "somebody works on it", item=story.post.id)
    return _decide(journal, author, story, "wanted.update", {"set": dict(fields)}, now=now)


def withdraw(
    journal: Journal, author: Author, story: Story, *, now: int, reason: str = ""
) -> Entry:
    """The end of an item without work."""
    check_decision(story, author, "wanted.withdraw")
    body = {"reason": reason} if reason else {}
    return _decide(journal, author, story, "wanted.withdraw", body, now=now)


def why_not_granted(story: Story, ask: Ask, now: int) -> str:
    """The reason code for which a grant of this request would be void now, empty for none."""
    reasons = (
        ("bid_used", ask.grant is not None),
        ("released", ask.released),
        ("terms_changed", ask.stale),
        ("bid_over", not ask.at <= now <= ask.until),
        ("held", len(story.open_grants) >= story.rules.most),
    )
    return next((reason for reason, holds in reasons if holds), "")


def grant(
    journal: Journal,
    author: Author,
    story: Story,
    *,
    now: int,
    ask: Ask | None = None,
    neighbour: str = "",
) -> Entry:
    """A yes to a request, or to an unsigned neighbour by name (records 5.3, grant)."""
    check_decision(story, author, "claim.grant")
    if len(story.open_grants) >= story.rules.most:
        held = story.open_grants[0]
        raise ClaimLostError(
            item=story.post.id, holder=held.holder or held.neighbour or "", until=held.until
        )
    reason = why_not_granted(story, ask, now) if ask is not None else ""
    if reason:
        raise StateError(reason, "this request cannot be granted any more", item=story.post.id)
    body: dict[str, Any] = {"term": len(story.grants) + 1, "lease_s": story.rules.lease_s}
    body |= {"bid": ask.id} if ask is not None else {"for": neighbour}
    return _decide(journal, author, story, "claim.grant", body, now=now)


def end(
    journal: Journal,
    author: Author,
    story: Story,
    held: Grant,
    *,
    cause: Cause,
    now: int,
    reason: str = "",
    release: str = "",
) -> Entry:
    """The end of a grant: its time is over, its holder gave it back, or it is taken back."""
    check_decision(story, author, "claim.end")
    if not held.open:
        raise StateError("no_such_grant", "it was ended already", item=story.post.id)
    body: dict[str, Any] = {"grant": held.id, "cause": cause}
    if cause == "lapsed":
        if now < held.until:
            raise StateError("too_early", "its time is not over yet", item=story.post.id)
        body |= {"renew": held.renew} if held.renew is not None else {}
    elif cause == "released":
        body["release"] = release
    body |= {"reason": reason} if reason or cause == "taken_back" else {}
    return _decide(journal, author, story, "claim.end", body, now=now)


def _undecided(story: Story, attempt: Attempt) -> None:
    if attempt.decision == "rejected":
        raise StateError("rejected_before", "it was sent back already", item=story.post.id)


def accept(
    journal: Journal,
    author: Author,
    story: Story,
    attempt: Attempt,
    *,
    stamp: Mapping[str, Any],
    now: int,
) -> Entry:
    """A yes to a hand-in, with a stamp. Raises SelfStampError for the author's own work."""
    check_decision(story, author, "work.accept")
    _undecided(story, attempt)
    if attempt.worker == author.account and attempt.on_behalf is None:
        raise SelfStampError(item=story.post.id)
    body = {"submission": attempt.id, "stamp": dict(stamp)}
    return _decide(journal, author, story, "work.accept", body, now=now)


def reject(
    journal: Journal, author: Author, story: Story, attempt: Attempt, *, reason: str, now: int
) -> Entry:
    """A hand-in sent back; the time of its author starts anew."""
    check_decision(story, author, "work.reject")
    _undecided(story, attempt)
    body = {"submission": attempt.id, "reason": reason}
    return _decide(journal, author, story, "work.reject", body, now=now)


def close(
    journal: Journal,
    author: Author,
    story: Story,
    *,
    now: int,
    attempt: Attempt | None = None,
    reason: str = "",
) -> Entry:
    """An item completed without a stamp."""
    check_decision(story, author, "work.close")
    body: dict[str, Any] = {"submission": attempt.id} if attempt is not None else {}
    if attempt is not None:
        _undecided(story, attempt)
    body |= {"reason": reason} if reason else {}
    return _decide(journal, author, story, "work.close", body, now=now)


def confirm(
    journal: Journal, author: Author, story: Story, instruction: Record, *, now: int
) -> Entry:
    """The home's yes to an instruction of somebody who may give it."""
    if (author.account, author.device) != story.home:
        raise NotYoursError("decision.confirm", item=story.post.id, home=story.home.account)
    check_decision(story, author, "decision.confirm")
    body = {"of": instruction.id}
    return _decide(journal, author, story, "decision.confirm", body, now=now)


# --- what the worker says


def bid(
    journal: Journal, author: Author, story: Story, *, now: int, by: str = "", until: int = 0
) -> Entry:
    """A wish to do the work on the terms as they stand; good until `until`, default 48 h."""
    _check_open(story)
    body: dict[str, Any] = {"seen": story.pointer, "until": until or now + BID_DEFAULT_US}
    body |= {"by": by} if by else {}
    item = story.post.id
    return compose(
        journal, author, kind="claim.bid", body=body, now=now, about=item, after=(story.pointer,)
    )


def holding(story: Story, account: str) -> Grant | None:
    """The open grant of an account, if it has one."""
    return next((g for g in story.open_grants if g.holder == account), None)


def asking(story: Story, account: str, now: int) -> Sequence[Ask]:
    """The requests of an account that may still be granted."""
    return [
        ask
        for ask in story.asks
        if ask.account == account
        and ask.grant is None
        and not ask.released
        and not ask.stale
        and ask.until >= now
    ]


def _held_by(story: Story, author: Author) -> Grant:
    held = holding(story, author.account)
    if held is None:
        _check_open(story)
        others = story.open_grants
        if others:
            whose = others[0].holder or others[0].neighbour or ""
            raise ClaimLostError(item=story.post.id, holder=whose, until=others[0].until)
        raise StateError("not_held", "it is not yours", item=story.post.id)
    return held


def renew(journal: Journal, author: Author, story: Story, *, now: int, sign: str = "") -> Entry:
    """The holder's word that work goes on. Raises ClaimLostError, StateError."""
    body: dict[str, Any] = {"grant": _held_by(story, author).id}
    body |= {"sign": sign} if sign else {}
    item = story.post.id
    return compose(journal, author, kind="claim.renew", body=body, now=now, about=item)


def release(
    journal: Journal,
    author: Author,
    story: Story,
    *,
    now: int,
    ask: Ask | None = None,
    reason: str = "",
) -> Entry:
    """A request taken back, or the item that is held given back."""
    body = {"bid": ask.id} if ask is not None else {"grant": _held_by(story, author).id}
    body |= {"reason": reason} if reason else {}
    item = story.post.id
    return compose(journal, author, kind="claim.release", body=body, now=now, about=item)


def submit(
    journal: Journal,
    author: Author,
    story: Story,
    *,
    summary: str,
    evidence: Sequence[Mapping[str, Any]],
    now: int,
    speculative: bool = False,
    on_behalf: str = "",
) -> Entry:
    """Work handed in, by its holder, or by anybody as speculative (records 5.2)."""
    _check_open(story)
    body: dict[str, Any] = {"summary": summary, "evidence": [dict(one) for one in evidence]}
    if on_behalf:
        if author.account != story.home.account:
            raise NotYoursError("work.submit", item=story.post.id, home=story.home.account)
        body["on_behalf"] = on_behalf
    elif not speculative or holding(story, author.account) is not None:
        body["grant"] = _held_by(story, author).id
    item = story.post.id
    return compose(
        journal, author, kind="work.submit", body=body, now=now, about=item, after=(story.pointer,)
    )


def note(
    journal: Journal,
    author: Author,
    *,
    about: str,
    text: str,
    now: int,
    tag: str = "note",
    re: str = "",
) -> Entry:
    """Words on an item (its record id) or on an unsigned row; they change no row."""
    body = {"tag": tag, "text": text, **({"re": re} if re else {})}
    return compose(journal, author, kind="note.add", body=body, now=now, about=about)
