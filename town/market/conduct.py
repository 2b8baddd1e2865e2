"""What a home's node does by itself: it answers requests and ends what is over (records 5.7).

It grants the first eligible request it heard, never ends a claim over a renewal or a hand-in that
it holds, and decides nothing before it has listened to a peer. Its decisions go through the one
door like everybody's; the fold knows nothing of it.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ledger import actions_items as say
from ledger import actions_members as members
from ledger.journal import Journal
from ledger.store import BoardQuery
from ledger.story import Ask, Grant, Status, Stop, Story
from stamps.clock import SECOND_US, Drift, judge_drift
from stamps.errors import WastelandError
from stamps.kinds import is_id
from stamps.record import Record
from town.market.deciders import unsigned_asker
from town.market.desk import Desk
from town.market.find import handed_in_for, live_asks

REDEEMED_SPACE = "redeemed"  # key: redeemed_key(…); value: {"account", "handle", …}
SILENCE_S = 600  # a node that heard nobody for so long listens again first
DECISIONS_MAX = 64  # about one item in one turn
PAGE = 500
LIVE = ("open", "claimed", "in_review")
HANDLE_TRIES = 100


@dataclass(slots=True)
class _Watch:
    """What conduct remembers of one wasteland: when to look at an item again."""

    journal: Journal
    due: list[tuple[int, str]] = field(default_factory=list)
    held_back: dict[str, None] = field(default_factory=dict)  # until a peer was heard
    surveyed: bool = False


class Conduct(Desk):
    """Attends to the items that this town's device decides about."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.town, desk.ports)
        self._watches: dict[str, _Watch] = {}
        self.troubles: list[tuple[str, str]] = []  # (subject, error code) of the last turn

    def attend(self, journal: Journal) -> int:
        """How many records the turn made; call it in the ledger's thread after each change."""
        if not self._may_decide or not journal.wasteland:
            return 0
        before = journal.version
        watch = self._watches.setdefault(journal.wasteland, _Watch(journal))
        self.troubles = []
        mine = str(self.author.account), str(self.author.device)
        rows = self.town.row_claims.pop(journal.wasteland, ())
        subjects = dict.fromkeys((*journal.turned(mine), *rows, *self._due(watch)))
        if watch.held_back and self._listened(journal):
            subjects.update(watch.held_back)
            watch.held_back.clear()
        for subject in subjects:
            self._subject(watch, subject)
        return journal.version - before

    @property
    def _may_decide(self) -> bool:
        """Whether this town has a key that signs; a sealed one does not (records 2.7)."""
        device = self.town.device
        return bool(self.town.account and device and str(device.device) != self.town.sealed_device)

    def survey(self, journal: Journal) -> int:
        """The same for everything this device decides about: once, when a node starts."""
        self.attend(journal)
        watch = self._watches.get(journal.wasteland)
        if watch is None or not self._may_decide:
            return 0
        before = journal.version
        watch.surveyed = True
        for subject in [*self._own_items(journal), *self._asked_to_join(journal)]:
            self._subject(watch, subject)
        return journal.version - before

    def catch_up(self, journal: Journal) -> int:
        """Without a node: the same as soon as a peer was heard, once.

        What an earlier command could not decide, because nobody answered it, waits for this.
        """
        watch = self._watches.get(journal.wasteland)
        if (
            watch is None
            or watch.surveyed
            or not self.ports.peers.standing(journal.wasteland).heard
        ):
            return 0
        return self.survey(journal)

    def look_at(self, journal: Journal, item: str) -> None:
        """Without a node: whoever asks for an item sees it as a node would have left it."""
        if self._may_decide and journal.wasteland:
            watch = self._watches.setdefault(journal.wasteland, _Watch(journal))
            self._subject(watch, item)

    def welcome(self, journal: Journal, account: str) -> int:
        """Somebody redeemed an invite: whoever may be admitted now is."""
        watch = self._watches.setdefault(journal.wasteland, _Watch(journal))
        before = journal.version
        self._subject(watch, account)
        return journal.version - before

    def next_due(self) -> int | None:
        """When something has to be looked at again, in microseconds; None for never."""
        return min((watch.due[0][0] for watch in self._watches.values() if watch.due), default=None)

    # --- what to look at

    def _due(self, watch: _Watch) -> Iterator[str]:
        now = self.now()
        while watch.due and watch.due[0][0] <= now:
            yield heapq.heappop(watch.due)[1]

    def _own_items(self, journal: Journal) -> list[str]:
        """Live items this town posted, and those of others whose home it is."""
        account = self.town.account
        found = list(journal.index.waiting(f"home:{account}"))
        query = BoardQuery(
            poster=journal.name(account), status=LIVE, signed=True, sort="oldest", limit=PAGE
        )
        while True:
            page = journal.store.find(query)
            found += [str(item.card["item"]) for item in page.items]
            if page.cursor is None:
                return found
            query = BoardQuery(
                poster=query.poster,
                status=LIVE,
                signed=True,
                sort="oldest",
                limit=PAGE,
                cursor=page.cursor,
            )

    def _asked_to_join(self, journal: Journal) -> list[str]:
        if not members.is_registrar(journal, self.author):
            return []
        joins = sorted(_joins(journal), key=lambda r: (r.at, r.id))
        start = redeemed_key(journal.wasteland, "")
        notes = self.town.notes(REDEEMED_SPACE)
        redeemed = [key.removeprefix(start) for key in notes if key.startswith(start)]
        return [*(str(record.account) for record in joins), *redeemed]

    def _listened(self, journal: Journal) -> bool:
        """Whether this node heard a peer lately or has none (records 5.7), and may sign (2.6)."""
        ahead = self.ports.peers.ahead_s() or 0
        if judge_drift(ahead * SECOND_US) is Drift.REFUSE:
            return False
        standing = self.ports.peers.standing(journal.wasteland)
        if not standing.peers:
            return True
        return (
            standing.heard > 0 and standing.heard_s is not None and (standing.heard_s <= SILENCE_S)
        )

    def _subject(self, watch: _Watch, subject: str) -> None:
        if not is_id(subject):
            return
        record = watch.journal.state.record(subject)
        if record is None:
            return
        try:
            if record.kind == "wanted.post":
                self._item(watch, subject)
            elif record.kind == "rig.register":
                self._member(watch.journal, subject)
        except WastelandError as error:
            self.troubles.append((subject, error.code))

    # --- items

    def _item(self, watch: _Watch, item: str) -> None:
        journal = watch.journal
        author = self.author
        for _ in range(DECISIONS_MAX):
            story = journal.story(item)
            if story is None or (author.account, author.device) != story.home:
                return
            if story.status in (Status.COMPLETED, Status.WITHDRAWN) or story.stop is not Stop.NONE:
                return
            if not self._listened(journal):
                watch.held_back[item] = None
                return
            if not self._decide(journal, story):
                break
        story = journal.story(item)
        if story is not None:
            for grant in story.open_grants:
                heapq.heappush(watch.due, (max(grant.until, self.now() + 1), item))

    def _decide(self, journal: Journal, story: Story) -> bool:
        """Whether one more decision was made."""
        now = self.now()
        for instruction in story.instructions:
            if _confirmable(journal, story, instruction):
                entry = say.confirm(journal, self.author, story, instruction, now=now)
                self.say(journal, entry)
                return True
        return self._end(journal, story, now) or self._grant(journal, story, now)

    def _end(self, journal: Journal, story: Story, now: int) -> bool:
        for held in story.open_grants:
            release = _release_of(journal, story, held)
            if release is not None:
                entry = say.end(
                    journal, self.author, story, held, cause="released", now=now, release=release
                )
            elif now >= held.until and not _handed_in(story, held):
                entry = say.end(journal, self.author, story, held, cause="lapsed", now=now)
            else:
                continue
            self.say(journal, entry)
            return True
        return False

    def _grant(self, journal: Journal, story: Story, now: int) -> bool:
        if story.rules.assign == "choose" or len(story.open_grants) >= story.rules.most:
            return False
        taken_back = {g.holder for g in story.grants if g.ended == "taken_back"}
        holders = {g.holder for g in story.open_grants}
        eligible = [
            ask
            for ask in live_asks(story, now)
            if ask.account not in taken_back | holders
            and not say.why_not_granted(story, ask, now + 1_000_000)
        ]
        if eligible:
            first = min(eligible, key=lambda ask: _order(journal, ask))
            entry = say.grant(journal, self.author, story, now=max(now, first.at), ask=first)
            self.say(journal, entry)
            return True
        return self._neighbour(journal, story, now)

    def _neighbour(self, journal: Journal, story: Story, now: int) -> bool:
        """An unsigned claim is a request; it is granted where the post says `auto`."""
        asker = unsigned_asker(journal, story) if story.rules.unsigned == "auto" else None
        if asker is None:
            return False
        self.say(journal, say.grant(journal, self.author, story, now=now, neighbour=asker[0]))
        return True

    # --- members

    def _member(self, journal: Journal, account: str) -> None:
        """Whoever asks to join is admitted: under `open` first come, under `invite` by token."""
        author = self.author
        if not members.is_registrar(journal, author):
            return
        registry = journal.state.registry
        if account in registry.admitted or account in registry.ever:
            return  # suspended by hand stays suspended
        joins = journal.state.joins(account)
        redeemed = self.town.note(REDEEMED_SPACE, redeemed_key(journal.wasteland, account))
        if journal.state.by_invite:
            if redeemed is None:
                return
        elif not joins:
            return
        wish = _wish(journal, account, joins, redeemed)
        handle = _free(wish, registry.bearers)
        entry = members.admit(journal, author, account=account, handle=handle, now=self.now())
        self.say(journal, entry)


def redeemed_key(wasteland: str, account: str) -> str:
    """The key of the note that an account redeemed an invite to a wasteland."""
    return f"{wasteland}/{account}"


def _order(journal: Journal, ask: Ask) -> tuple[int, int, str]:
    return journal.heard(ask.id), ask.at, ask.id


def _confirmable(journal: Journal, story: Story, instruction: Record) -> bool:
    """Whether its place has come, and no confirm of it was void there already: once is enough."""
    if instruction.body.get("decides") != story.pointer:
        return False
    return not any(
        record.kind == "decision.confirm"
        and record.body["of"] == instruction.id
        and record.body["decides"] == story.pointer
        and (record.account, record.device) == story.home
        for record in journal.state.about(story.post.id)
    )


def _handed_in(story: Story, held: Grant) -> bool:
    return any(handed_in_for(held, a) and not a.decision for a in story.attempts)


def _release_of(journal: Journal, story: Story, held: Grant) -> str | None:
    """The holder's own word that it gives the item back."""
    for record in journal.state.about(story.post.id):
        if record.kind != "claim.release" or record.account != held.holder:
            continue
        if record.body.get("grant") == held.id or (
            held.bid is not None and record.body.get("bid") == held.bid
        ):
            return str(record.id)
    return None


def _joins(journal: Journal) -> list[Record]:
    about = journal.state.about(journal.wasteland)
    return [record for record in about if record.kind == "rig.join"]


def _wish(journal: Journal, account: str, joins: Sequence[Record], redeemed: object) -> str:
    if joins:
        return str(max(joins, key=lambda r: (r.at, r.id)).body["handle"])
    if isinstance(redeemed, dict) and redeemed.get("handle"):
        return str(redeemed["handle"])
    log = journal.log_of(account)
    return str(log.path[0].body["handle"]) if log is not None else "town"


def _free(wish: str, bearers: Iterable[str]) -> str:
    """The wished name, or the next one like it: a handle once admitted stays taken (4.3)."""
    taken = set(bearers)
    tries = (f"{wish[:60]}-{number}" for number in range(2, HANDLE_TRIES))
    return next((name for name in (wish, *tries) if name not in taken), wish)
