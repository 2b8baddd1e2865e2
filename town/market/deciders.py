"""What waits for whoever decides about an item, in the exact words of users 7.

Pure. Names and what was handed in come from strangers; the terminal escapes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from ledger.journal import Journal
from ledger.story import Ask, Attempt, Story
from stamps.clock import SECOND_US
from stamps.record import public_id
from town.market.acquaintance import answers_s
from town.market.find import live_asks, undecided
from town.market.names import name_of, worker_words
from town.market.view import Viewer, decides, evidence_line
from town.market.vouched import tally_of
from town.market.words import ago, counted, one_line, short_id, span

ASKS_SHOWN = 5
EVIDENCE_CHARS = 60


def waiting_line(journal: Journal, story: Story, viewer: Viewer) -> str:
    """What the item waits for, said to whoever looks; empty when it waits for nobody."""
    short = short_id(journal, public_id("w", story.post.id))
    waiting = undecided(story)
    asks = _first_asks(live_asks(story, viewer.now)) if not story.open_grants else []
    if not decides(story, viewer):
        asks = [] if any(ask.account == viewer.account for ask in asks) else asks
        return _bystander(journal, story, asks, short, viewer.now) if asks else ""
    if waiting and story.accepted is None:
        return _handed_in(journal, waiting[0], short, viewer.now)
    if (row := row_hand_in(journal, story)) is not None:
        return _unsigned_hand_in(row, short)
    others = [ask for ask in asks if ask.account != viewer.account]
    if others:
        return _asked(journal, others, short, viewer.now)
    return _unsigned(journal, story, short)


def _first_asks(asks: Sequence[Ask]) -> list[Ask]:
    """The oldest request of each account."""
    found: dict[str, Ask] = {}
    for ask in asks:
        found.setdefault(ask.account, ask)
    return list(found.values())


def _asked(journal: Journal, asks: Sequence[Ask], short: str, now: int) -> str:
    said = ", ".join(
        f"{name_of(journal, ask.account)}{' asked' if at == 0 else ''} {ago(ask.at, now)}"
        f" ({known_of(journal, ask.account)})"
        for at, ask in enumerate(asks[:ASKS_SHOWN])
    )
    more = f" and {len(asks) - ASKS_SHOWN} more" if len(asks) > ASKS_SHOWN else ""
    first = name_of(journal, asks[0].account)
    return f"{short}  {said}{more}.  yes: wl grant {short} --to {first}"


def known_of(journal: Journal, account: str) -> str:
    """What the stamps say of somebody: `14 stamps, quality 4.6`, or `new`."""
    tally = tally_of(journal, account)
    against = f", {counted(tally.disowned, 'decision')} taken away" if tally.disowned else ""
    if tally.quality_x100 is None:
        return f"new{against}"
    return f"{counted(tally.stamps, 'stamp')}, quality {tally.quality_x100 / 100:.1f}{against}"


def _handed_in(journal: Journal, attempt: Attempt, short: str, now: int) -> str:
    worker = worker_words(journal, attempt)
    proof = one_line(evidence_line(attempt))
    shown = proof if len(proof) <= EVIDENCE_CHARS else proof[: EVIDENCE_CHARS - 1] + "…"
    ways = f'wl show {short} · wl accept {short} --quality 1-5 · wl reject {short} --reason "…"'
    return f"{short}  {worker} handed in {ago(attempt.at, now)}: {shown}.  {ways}"


def _unsigned(journal: Journal, story: Story, short: str) -> str:
    """A row of somebody who signs nothing, and asks for an item that is signed."""
    neighbour = unsigned_asker(journal, story)
    if neighbour is None:
        return ""
    name, source = neighbour
    yes = f"yes: wl grant {short} --to {quote(name)}"  # a stranger's text, and it may be copied
    return f"{short}  {name} asked on {source} without a signature. {yes}"


@dataclass(frozen=True, slots=True)
class RowHandIn:
    """What a neighbour's row says that was done, and where the row was seen."""

    name: str
    evidence: str
    source: str
    commit: str

    @property
    def provenance(self) -> str:
        """Where the row was seen, in words."""
        return f"an unsigned row of {self.source} at commit {self.commit}"


def row_hand_in(journal: Journal, story: Story) -> RowHandIn | None:
    """What the holder's unsigned row says of its work; None where no such neighbour holds it."""
    row = next(iter(journal.store.observed("wanted", public_id("w", story.post.id))), None)
    if row is None:
        return None
    name = str(row.row.values.get("claimed_by") or "")
    evidence = one_line(str(row.row.values.get("evidence_url") or ""))
    if not evidence or not any(grant.neighbour == name for grant in story.open_grants):
        return None
    return RowHandIn(name, evidence, row.source, row.commit)


def _unsigned_hand_in(row: RowHandIn, short: str) -> str:
    proof = row.evidence
    shown = proof if len(proof) <= EVIDENCE_CHARS else proof[: EVIDENCE_CHARS - 1] + "…"
    way = f"take it in: wl done {short} --for {quote(row.name)}"
    return f"{short}  {row.name} handed in on {row.source} without a signature: {shown}.  {way}"


def unsigned_asker(journal: Journal, story: Story) -> tuple[str, str] | None:
    """Who asked for the item in an unsigned row, and where; None when nobody waits so."""
    if story.open_grants or story.status.value != "open":
        return None
    claim = row_claim(journal, story)
    if claim is None or any(grant.neighbour == claim[0] for grant in story.grants):
        return None
    return claim


def row_claim(journal: Journal, story: Story) -> tuple[str, str] | None:
    """Who claims the item in an unsigned row, and where; None where its post refuses such."""
    if story.rules.unsigned == "refuse":
        return None
    row = next(iter(journal.store.observed("wanted", public_id("w", story.post.id))), None)
    name = str(row.row.values.get("claimed_by") or "") if row is not None else ""
    return (name, row.source) if row is not None and name else None


def _bystander(journal: Journal, story: Story, asks: Sequence[Ask], short: str, now: int) -> str:
    home = name_of(journal, story.home.account)
    waits = span((now - asks[0].at) / SECOND_US)
    return f"open    {short} · {len(asks)} asked, {home} has not answered for {waits}"


def poster_facts(journal: Journal, account: str) -> dict[str, Any]:
    """How far a poster is known: stamps that count, and how fast it gives work away."""
    tally = tally_of(journal, account)
    return {
        "trust": {
            "stamps": tally.stamps,
            "quality_x100": tally.quality_x100,
            "disowned": tally.disowned,
        },
        "answers_s": answers_s(journal, journal.name(account)),
    }
