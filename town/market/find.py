"""Which item, attempt, ask or stamp is meant by what was typed. It looks and decides nothing."""

from dataclasses import dataclass

from ledger.journal import Journal
from ledger.store import Observed
from ledger.story import Ask, Attempt, Grant, Story
from stamps.limits import PREFIX_CHARS_MIN
from stamps.record import public_id
from town.market.errors import AmbiguousError, NotFoundError, UnsignedItemError
from town.market.names import account_called, name_of

CANDIDATES_MAX = 10


@dataclass(frozen=True, slots=True)
class Found:
    """One item: its ledger, its public id, and either its story or its unsigned row."""

    journal: Journal
    id: str
    story: Story | None = None
    observed: Observed | None = None

    @property
    def post(self) -> str:
        """The record id of the post. Raises UnsignedItemError."""
        return self.signed.post.id

    @property
    def signed(self) -> Story:
        """Its story. Raises UnsignedItemError."""
        if self.story is None:
            source = self.observed.source if self.observed is not None else "another commons"
            raise UnsignedItemError(self.id, source)
        return self.story


def find_item(journal: Journal, said: str) -> Found:
    """The one item whose public id starts so. Raises NotFoundError, AmbiguousError."""
    prefix = said.strip().lower()
    prefix = prefix if prefix.startswith("w-") else f"w-{prefix}"
    digits = prefix.removeprefix("w-")
    if len(digits) < PREFIX_CHARS_MIN:
        raise NotFoundError("item", said)
    found = list(journal.store.ids(prefix, CANDIDATES_MAX + 1))
    if prefix in found:
        found = [prefix]
    if not found:
        raise NotFoundError("item", said)
    if len(found) > 1:
        raise AmbiguousError("item", said, tuple(found[:CANDIDATES_MAX]))
    return item_of(journal, found[0])


def item_of(journal: Journal, public: str) -> Found:
    """The item of a whole public id. Raises NotFoundError."""
    post = journal.index.item_of(public)
    story = journal.story(post) if post is not None else None
    if story is not None:
        return Found(journal, public, story=story)
    observed = next(iter(journal.store.observed("wanted", public)), None)
    if observed is None:
        raise NotFoundError("item", public)
    return Found(journal, public, observed=observed)


def undecided(story: Story) -> list[Attempt]:
    """Hand-ins that nobody judged yet, the holders' first, then by time."""
    waiting = [attempt for attempt in story.attempts if not attempt.decision]
    return sorted(waiting, key=lambda a: (not _of_a_holder(story, a), a.at, a.id))


def _of_a_holder(story: Story, attempt: Attempt) -> bool:
    """Whether whoever holds the item did it, a neighbour without a key included (5.2)."""
    return any(handed_in_for(grant, attempt) for grant in story.open_grants)


def handed_in_for(grant: Grant, attempt: Attempt) -> bool:
    """Whether the holder of the grant did it."""
    if grant.holder is None:
        return grant.neighbour == attempt.on_behalf
    return grant.holder == attempt.doer


def find_attempt(story: Story, number: int) -> Attempt:
    """The hand-in of this number; without one the only or latest of the holder's.

    Raises NotFoundError, AmbiguousError.
    """
    if number:
        found = [attempt for attempt in story.attempts if attempt.n == number]
        if not found:
            raise NotFoundError("hand-in", str(number))
        return found[0]
    waiting = undecided(story)
    if not waiting:
        raise NotFoundError("hand-in that waits", public_id("w", story.post.id)[:8])
    held = [attempt for attempt in waiting if _of_a_holder(story, attempt)]
    chosen = held or waiting
    if len({(attempt.worker, attempt.on_behalf) for attempt in chosen}) > 1:
        numbers = tuple(f"--attempt {attempt.n}" for attempt in chosen)
        raise AmbiguousError("hand-in", "without --attempt", numbers)
    return chosen[-1]


def live_asks(story: Story, now: int) -> list[Ask]:
    """Requests that may still be granted, oldest first."""
    return [
        ask
        for ask in story.asks
        if ask.grant is None and not ask.released and not ask.stale and ask.until >= now
    ]


def find_ask(journal: Journal, story: Story, said: str, now: int) -> Ask | None:
    """The live request of the one named, or the only one; None when nobody of that name asked.

    Raises AmbiguousError when nobody was named and several ask, NotFoundError for an unknown name.
    """
    asks = live_asks(story, now)
    if said:
        account = account_called(journal, said.partition("/")[0])
        agent = said.partition("/")[2]
        of_them = [a for a in asks if a.account == account and (not agent or a.by == agent)]
        return of_them[0] if of_them else None
    if len({ask.account for ask in asks}) > 1:
        names = tuple(dict.fromkeys(f"--to {name_of(journal, ask.account)}" for ask in asks))
        raise AmbiguousError("request", "without --to", names)
    return asks[0] if asks else None
