"""How a claim stands for one town: a value, and the exact words for it (users 7).

Pure. The first word is the state, the second line says who must act now, the third what to type.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.journal import Journal
from ledger.story import Status, Story
from stamps.clock import SECOND_US
from stamps.record import public_id
from town.market.answer import NOT_SETTLED, NOT_YOURS, Next, problem
from town.market.names import holder_words, name_of
from town.market.ports import Reach
from town.market.stops import last_grant_of, why_not_yours
from town.market.view import Viewer, asked_by, held_by, sent_back
from town.market.words import instant, moment, seconds_left, short_id, span, until

WAIT_AGAIN_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state word, its exit code and lines, and the error that programs read."""

    state: str
    exit: int = 0
    words: tuple[str, ...] = ()
    next: tuple[Next, ...] = ()
    error: dict[str, Any] | None = None
    settled: bool = True


def step(do: str, *cmd: str, needs: tuple[str, ...] = (), undo: str = "") -> Next:
    """A next step that reaches the peers."""
    return Next(do=do, cmd=("wl", *cmd), needs=needs, reaches="peers", undo=undo)


def _closed(story: Story) -> bool:
    return story.status in (Status.COMPLETED, Status.WITHDRAWN)


def _unanswered(story: Story, account: str) -> bool:
    """Whether a request of the account ran out, or is on terms that changed."""
    return any(a.account == account and a.grant is None and not a.released for a in story.asks)


def _others(count: int) -> str:
    return f"{count} other" if count == 1 else f"{count} others"


class Claims:
    """Says how an item's claim stands for the viewer's town."""

    def __init__(self, journal: Journal, viewer: Viewer) -> None:
        self.journal = journal
        self.viewer = viewer

    def standing(self, story: Story, reach: Reach) -> Standing:
        """How the item stands for this town now. `reach` is that of the item's home."""
        mine = self.viewer.account
        asked = asked_by(story, self.viewer) is not None
        cases: tuple[tuple[bool, Callable[[], Standing]], ...] = (
            (_closed(story), lambda: self._over(story)),
            (held_by(story, mine) is not None, lambda: self._held(story)),
            (asked and self._room(story), lambda: self._asked(story, reach)),
            (not self._room(story), lambda: self._taken(story)),
            (last_grant_of(story, mine) is not None, lambda: self._lost(story)),
            (_unanswered(story, mine), lambda: self._lapsed(story)),
        )
        fitting = (say for holds, say in cases if holds)
        say = next(fitting, lambda: Standing(state="open", settled=False))
        return say()

    def _room(self, story: Story) -> bool:
        return len(story.open_grants) < story.rules.most

    def _short(self, story: Story) -> str:
        return short_id(self.journal, public_id("w", story.post.id))

    def _home(self, story: Story) -> str:
        return name_of(self.journal, story.home.account)

    # --- yours

    def _held(self, story: Story) -> Standing:
        grant = held_by(story, self.viewer.account)
        if grant is None:
            raise ValueError("it is not held by this town")
        other = self._other_agent(story, grant.bid)
        short, now = self._short(story), self.viewer.now
        if other is not None:
            return self._own_town(story, other)
        waiting = [a for a in story.attempts if a.worker == grant.holder and not a.decision]
        if waiting:
            line = f"handed in  {short}, attempt {waiting[-1].n}. {self._home(story)} reviews."
            words = (f"{line} Your time stands still meanwhile.",)
            return Standing(
                state="handed_in", words=words, next=(step("wait", "wait", short, "--until",
                                                           "decided"),)
            )  # fmt: skip
        back = sent_back(story)
        if back is not None:
            again = f"Yours again until {until(grant.until, now)}."
            words = (f'sent back  {short}: "{back.reason}". {again}',)
            return Standing(state="sent_back", words=words, next=self._hand_in(short))
        if grant.until <= now:
            late = span(-seconds_left(grant.until, now))
            words = (f"overdue {short} by {late}. Still yours until {self._home(story)} ends it.",)
            return Standing(state="overdue", words=words, next=(step("renew", "renew", short),))
        return Standing(state="yours", words=self._yours(story, short), next=self._hand_in(short))

    def _yours(self, story: Story, short: str) -> tuple[str, ...]:
        grant = held_by(story, self.viewer.account)
        if grant is None:
            raise ValueError("it is not held by this town")
        title = story.fields["title"]
        first = f'yours   {short} "{title}" until {until(grant.until, self.viewer.now)}'
        others = len(story.open_grants) - 1
        if others:
            first = f"yours   {short}, together with {_others(others)}."
            second = "        The first accepted hand-in wins; yours may end unused."
            return first, second
        bid = self.journal.state.record(grant.bid) if grant.bid is not None else None
        took = f" in {max(grant.at - bid.at, 0) / SECOND_US:.1f} s" if bid is not None else ""
        second = f"        {self._home(story)} said yes{took}. It stays yours while you show work."
        return first, second

    def _hand_in(self, short: str) -> tuple[Next, ...]:
        done = step("submit", "done", short, "--evidence", "<url>", needs=("url",),
                    undo=f"wl unclaim {short}")  # fmt: skip
        return done, step("release", "unclaim", short)

    def _other_agent(self, story: Story, bid_id: str | None) -> str | None:
        """The agent of this town that asked, where it is another than the viewer's."""
        ask = next((a for a in story.asks if a.id == bid_id), None)
        if ask is None or ask.by == self.viewer.agent:
            return None
        return ask.by or "the operator"

    def _own_town(self, story: Story, agent: str) -> Standing:
        short = self._short(story)
        who = f"{agent}, an agent" if agent != "the operator" else "the operator"
        why = f"{short} is held by {who} of your own town."
        return Standing(
            state="taken",
            exit=NOT_YOURS,
            words=(f"taken   {why}",),
            next=(Next(do="browse", cmd=("wl", "browse")),),
            error=problem("claim.own_town", why, holder=agent),
        )

    # --- asked

    def _asked(self, story: Story, reach: Reach) -> Standing:
        ask = asked_by(story, self.viewer)
        if ask is None:
            raise ValueError("this town did not ask")
        if ask.by != self.viewer.agent:
            return self._own_town(story, ask.by or "the operator")
        short, home = self._short(story), self._home(story)
        others = len({a.account for a in story.asks}) - 1
        words: tuple[str, ...]
        why = f"{home} has not answered yet"
        if story.rules.assign == "choose":
            words = (f"asked   {short}. {home} picks by hand among {others + 1} requests.",)
        else:
            words = (
                f"asked   {short}. Not yours yet: do not start.",
                self._heard(home, reach, others),
            )
        return Standing(
            state="asked",
            exit=NOT_SETTLED,
            words=words,
            next=(step("wait", "wait", short), step("release", "unclaim", short)),
            error=problem("claim.waiting", why, retry_after_s=WAIT_AGAIN_S),
            settled=False,
        )

    def _heard(self, home: str, reach: Reach, others: int) -> str:
        also = f" {_others(others)} asked too." if others else ""
        if reach.last_heard_s is None:
            return (
                f"        {home} decides; it was not heard yet. The request leaves by itself when"
                f" a peer answers.{also}"
            )
        via = f" Your request waits for it at {reach.via}." if reach.via else ""
        return f"        {home} decides; last heard {span(reach.last_heard_s)} ago.{via}{also}"

    # --- not yours

    def _taken(self, story: Story) -> Standing:
        grant = story.open_grants[0]
        short, home = self._short(story), self._home(story)
        holder = holder_words(self.journal, grant)
        why = f"{short} is {holder}'s until {moment(grant.until, self.viewer.now)}."
        words = (
            f"taken   {why} {home} heard {holder} first.",
            f"        Nothing of yours changed. Already built it? wl done {short} --speculative",
        )
        return Standing(
            state="taken",
            exit=NOT_YOURS,
            words=words,
            next=(Next(do="browse", cmd=("wl", "browse")),),
            error=problem("claim.lost", why, holder=holder, until=instant(grant.until)),
        )

    def _lost(self, story: Story) -> Standing:
        short = self._short(story)
        code, said, reason = why_not_yours(story, self.viewer.account, self._home(story))
        ended = code == "claim.ended"
        first = f"{'ended' if ended else 'stop':<8}{short} {said}"
        words = (first, *((f'        Reason: "{reason}"',) if reason else ()))
        after = step("claim", "claim", short) if ended else step("reply", "note", short, "<text>")
        return Standing(
            state="ended",
            exit=NOT_YOURS,
            words=words,
            next=(after,),
            error=problem(code, f"{short} {said}", untrusted={"reason": reason}),
        )

    def _lapsed(self, story: Story) -> Standing:
        short = self._short(story)
        why = f"your request for {short} got no answer in time"
        return Standing(
            state="lapsed",
            exit=NOT_YOURS,
            words=(f"lapsed  {why}.",),
            next=(step("claim", "claim", short),),
            error=problem("claim.lapsed", why),
        )

    # --- over

    def _over(self, story: Story) -> Standing:
        short, home, mine = self._short(story), self._home(story), self.viewer.account
        done = story.accepted
        if done is not None and done.worker == mine and done.decision == "accepted":
            return Standing(state="accepted", words=(self._accepted(story),))
        reason = str(story.decisions[-1].body.get("reason", "")) if story.decisions else ""
        because = f': "{reason}"' if reason else ""
        if done is not None and done.worker == mine:
            words = (f"closed  {short} by {home} without a stamp{because}.",)
            return Standing(state="closed", words=words)
        how = "withdrawn" if story.status is Status.WITHDRAWN else "done"
        word = "closed" if how == "done" else "withdrawn"
        return Standing(
            state=how,
            exit=NOT_YOURS,
            words=(f"{word:<8}{short} by {home}{because}.",),
            error=problem("item.closed", f"{short} is {how}"),
        )

    def _accepted(self, story: Story) -> str:
        given = story.stamps[0]
        dims = ", ".join(f"{name} {grade}" for name, grade in given.stamp["dims"].items())
        short = self._short(story)
        if given.void:
            return f"accepted  {short} by {self._home(story)}; the stamp has no weight."
        stamp = public_id("s", given.id)[:8]
        poster = name_of(self.journal, given.author)
        return f"accepted  {short} by {poster}: {dims}. Stamp {stamp}, verified."
