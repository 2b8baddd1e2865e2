"""Stop orders: work of this town's that is no longer its own (users' first need).

A local note per item remembers what an agent was told it may do; when the records say otherwise,
each later answer to that agent says so first, until the agent has looked at the item. It never
touches the agent's work.
"""

from collections.abc import Mapping
from typing import Any

from ledger.story import Grant, Story
from stamps.record import public_id
from town.market.answer import Stop
from town.market.names import name_of
from town.market.town import Town
from town.market.words import short_id

WORKING_SPACE = "working"


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
    del now
    found = []
    for item, note in sorted(working(town).items()):
        if note.get("state") != "yours" or note.get("agent", "") != agent:
            continue
        order = _order(town, item, note)
        if order is not None:
            found.append(order)
    return tuple(found)


def _order(town: Town, item: str, note: Mapping[str, Any]) -> Stop | None:
    journal = town.ledgers.get(str(note.get("wasteland", "")))
    story = journal.story(item) if journal is not None else None
    if journal is None or story is None:
        return None
    mine = town.account
    if any(grant.holder == mine for grant in story.open_grants):
        return None
    accepted = story.accepted
    if accepted is not None and accepted.worker == mine:
        return None
    code, words, reason = why_not_yours(story, mine, name_of(journal, story.home.account))
    public = public_id("w", item)
    short = short_id(journal, public)
    return Stop(
        code=code,
        item=public,
        short=short,
        agent=str(note.get("agent", "")),
        words=f"stop    {short} {words}",
        by=story.home.account,
        reason=reason,
    )


def last_grant_of(story: Story, account: str) -> Grant | None:
    """The latest grant an account had."""
    return next((g for g in reversed(story.grants) if g.holder == account), None)


def why_not_yours(story: Story, account: str, home: str) -> tuple[str, str, str]:
    """The code, the rest of the sentence, and the home's reason, for what was held once."""
    grant = last_grant_of(story, account)
    branch = "Your branch is untouched."
    if grant is None:
        words = (
            f"is no longer yours: {home}'s key was revoked or spoke twice, and that yes no longer"
            f" counts. {branch}"
        )
        return "claim.displaced", words, ""
    said = {
        "taken_back": ("claim.taken_back", f"was taken back by {home}. {branch}"),
        "withdrawn": ("claim.taken_back", f"was withdrawn by {home}. {branch}"),
        "completed": ("item.closed", f"was finished with somebody else's work. {branch}"),
        "released": ("claim.ended", "was given back."),
    }
    lapsed = ("claim.ended", f"went back on the board (no sign of work). {branch}")
    code, words = said.get(grant.ended or "", lapsed)
    return code, words, grant.reason
