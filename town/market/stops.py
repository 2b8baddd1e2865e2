"""Stop orders: work of this town's that is no longer its own (users' first need).

A local note per item remembers what an agent was told it may do; when the records say otherwise,
each later answer to that agent says so first, until the agent has looked at the item. It never
touches the agent's work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.story import Grant, Story
from stamps.record import public_id
from town.market.answer import Stop
from town.market.names import name_of
from town.market.town import Town
from town.market.words import moment, short_id

WORKING_SPACE = "working"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Why what was held is held no more: a code, our words, and the lines with what was said."""

    code: str
    why: str
    told: tuple[str, ...]
    reason: str = ""


def remember_working(town: Town, wasteland: str, item: str, *, agent: str, state: str) -> None:
    """The agent was told `asked` or `yours` about an item of a wasteland."""
    note = {"wasteland": wasteland, "agent": agent, "state": state}
    if town.note(WORKING_SPACE, item) != note:
        town.remember(WORKING_SPACE, item, note)


def forget_working(town: Town, item: str) -> None:
    """Nobody here works on the item any more, and was told so."""
    if town.note(WORKING_SPACE, item) is not None:
        town.remember(WORKING_SPACE, item, None)


def working(town: Town) -> Mapping[str, Mapping[str, Any]]:
    """What was told about items, by the record id of the post."""
    return town.notes(WORKING_SPACE)


def stop_orders(town: Town, *, agent: str, now: int) -> tuple[Stop, ...]:
    """The items this agent believes to hold and does not."""
    found = []
    for item, note in sorted(working(town).items()):
        if note.get("state") != "yours" or note.get("agent", "") != agent:
            continue
        order = _order(town, item, note, now)
        if order is not None:
            found.append(order)
    return tuple(found)


def _order(town: Town, item: str, note: Mapping[str, Any], now: int) -> Stop | None:
    journal = town.ledgers.get(str(note.get("wasteland", "")))
    story = journal.story(item) if journal is not None else None
    if journal is None or story is None:
        return None
    mine = town.account
    if any(grant.holder == mine for grant in story.open_grants):
        return None
    accepted = story.accepted
    if accepted is not None and accepted.doer == mine:
        return None
    public = public_id("w", item)
    short = short_id(journal, public)
    said = lost_words(story, mine, home=name_of(journal, story.home.account), short=short, now=now)
    return Stop(
        code=said.code,
        item=public,
        short=short,
        agent=str(note.get("agent", "")),
        words=said.why,
        told=said.told,
        by=story.home.account,
        reason=said.reason,
    )


def last_grant_of(story: Story, account: str) -> Grant | None:
    """The latest grant an account had."""
    return next((g for g in reversed(story.grants) if g.holder == account), None)


def lost_words(story: Story, account: str, *, home: str, short: str, now: int) -> Lost:
    """What is said to whoever held the item (users 7)."""
    grant = last_grant_of(story, account)
    branch = "Your branch is untouched."
    if grant is None:
        why = (
            f"{short} is no longer yours: {home}'s key was revoked or spoke twice, and that yes no"
            " longer counts."
        )
        build = f"        {branch} Hand in what you have: wl done {short} --speculative"
        return Lost(code="claim.displaced", why=why, told=(f"stop    {why}", build))
    if grant.ended in ("taken_back", "withdrawn"):
        because = f': "{grant.reason}"' if grant.reason else ""
        why = f"{home} took {short} back"
        reply = f'Reply: wl note {short} "…"'
        told = (f"stop    {why}{because}. {branch} {reply}",)
        return Lost(code="claim.taken_back", why=f"{why}.", told=told, reason=grant.reason)
    if grant.ended == "completed":
        why = f"{short} was finished with somebody else's work."
        return Lost(code="item.closed", why=why, told=(f"stop    {why} {branch}",))
    again = f"Ask again: wl claim {short}"
    if grant.ended == "released":
        why = f"{short} was given back."
    else:
        since = moment(grant.last_sign, now)
        why = f"{short} went back on the board (no sign of work since {since})."
    return Lost(code="claim.ended", why=why, told=(f"ended   {why} {again}",))
