"""How a claim stands for one town: a value, and the exact words for it (users 7).

Pure. The first word is the state, the second line says who must act now, the third what to type.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.fold import sent_back
from ledger.journal import Journal
from ledger.story import Ask, Grant, Status, Story
from stamps.clock import SECOND_US
from stamps.record import public_id
from town.market.answer import NOT_SETTLED, NOT_YOURS, Next, problem
from town.market.find import live_asks
from town.market.names import agent_word, holder_words, name_of
from town.market.ports import Reach
from town.market.stops import last_grant_of, lost_words
from town.market.view import Viewer, asked_by, held_by
from town.market.words import counted, instant, listed, moment, seconds_left, short_id, span, until

WAIT_AGAIN_S = 60
FRESH_S = 30  # a peer heard within it is there; it only has not taken the request yet
BROWSE = Next(do="browse", cmd=("wl", "browse"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state word, its exit code and lines, and the error that programs read."""

    state: str
    exit: int = 0
    words: tuple[str, ...] = ()
    next: tuple[Next, ...] = ()
    error: dict[str, Any] | None = None
    settled: bool = True


def step(do: str, *cmd: str, needs: tuple[str, ...] = (), undo: str = "", label: str = "") -> Next:
    """A next step that reaches the peers."""
    return Next(do=do, cmd=("wl", *cmd), needs=needs, reaches="peers", undo=undo, label=label)


def handed_in_line(short: str, number: int, home: str, reach: Reach, extra: str = "") -> str:
    """The line of work that waits for a decision of somebody else's."""
    rest = "Your time stands still meanwhile."
    return (
        f"handed in  {short}, attempt {number}{extra}. {home} reviews{_last_heard(reach)}. {rest}"
    )


def _last_heard(reach: Reach) -> str:
    """How long ago, of one who is not here now; who was heard a moment ago needs no such words."""
    if (reach.last_heard_s or 0) < FRESH_S:
        return ""
    return f"; last heard {span(reach.last_heard_s or 0)} ago"


def _silence(reach: Reach) -> str:
    if reach.silent_s is not None and reach.silent_s < FRESH_S and reach.resident:
        return " so far. It leaves by itself when its peers answer."
    since = "yet" if reach.silent_s is None else f"for {span(reach.silent_s)}"
    leaves = "It leaves by itself when one answers."
    if not reach.resident:
        leaves = "It leaves with the next wl sync, or by itself while wl up."
    return f": no peer reached {since}. {leaves}"


def _closed(story: Story) -> bool:
    return story.status in (Status.COMPLETED, Status.WITHDRAWN)


def _unanswered(story: Story, account: str) -> Ask | None:
    """The newest request of the account that ran out, or is on terms that changed."""
    asks = [a for a in story.asks if a.account == account and a.grant is None and not a.released]
    return asks[-1] if asks else None


class Claims:
    """Says how an item's claim stands for the viewer's town.

    `told_yours`: whether the viewer was once told that the item is his (the local note).
    """

    def __init__(self, journal: Journal, viewer: Viewer, *, told_yours: bool = False) -> None:
        self.journal = journal
        self.viewer = viewer
        self.told_yours = told_yours

    def standing(self, story: Story, reach: Reach) -> Standing:
        """How the item stands for this town now. `reach` is that of the item's home."""
        mine = self.viewer.account
        held = held_by(story, mine)
        asked = asked_by(story, self.viewer)
        before = last_grant_of(story, mine)
        late = _unanswered(story, mine)
        displaced = self.told_yours and before is None
        cases: tuple[tuple[bool, Callable[[], Standing]], ...] = (
            (_closed(story), lambda: self._over(story)),
            (held is not None, lambda: self._held(story, held, reach)),
            (displaced, lambda: self._lost(story)),
            (asked is not None and self._room(story), lambda: self._asked(story, asked, reach)),
            (not self._room(story), lambda: self._taken(story)),
            (before is not None, lambda: self._lost(story)),
            (late is not None, lambda: self._lapsed(story, late)),
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

    def _held(self, story: Story, grant: Grant | None, reach: Reach) -> Standing:
        if grant is None:
            raise ValueError("it is not held by this town")
        other = self._other_agent(story, grant.bid)
        short, now = self._short(story), self.viewer.now
        if other is not None:
            return self._own_town(story, other)
        waiting = [a for a in story.attempts if a.doer == grant.holder and not a.decision]
        if waiting:
            words = (handed_in_line(short, waiting[-1].n, self._home(story), reach),)
            wait = step("wait", "wait", short, "--until", "decided")
            return Standing(state="handed_in", words=words, next=(wait,))
        back = sent_back(story)
        if back is not None:
            again = f"Yours again until {moment(grant.until, now)}."
            words = (f'sent back  {short}: "{back.reason}". {again}',)
            return Standing(state="sent_back", words=words, next=self._hand_in(story, short))
        if grant.until <= now:
            return self._overdue(story, short, grant)
        yours = self._yours(story, short, grant)
        return Standing(state="yours", words=yours, next=self._hand_in(story, short))

    def _overdue(self, story: Story, short: str, grant: Grant) -> Standing:
        late = span(-seconds_left(grant.until, self.viewer.now))
        still = f"Still yours until {self._home(story)} ends it."
        words = (f"overdue {short} by {late}. {still} Keep it: wl renew {short}",)
        return Standing(state="overdue", words=words, next=(step("renew", "renew", short),))

    def _yours(self, story: Story, short: str, grant: Grant) -> tuple[str, ...]:
        others = len(story.open_grants) - 1
        if others:
            rest = "The first accepted hand-in wins; yours may end unused."
            return (f"yours   {short}, together with {counted(others, 'other')}. {rest}",)
        title = story.fields["title"]
        first = f'yours   {short} "{title}" until {until(grant.until, self.viewer.now)}'
        bid = self.journal.state.record(grant.bid) if grant.bid is not None else None
        took = f" in {max(grant.at - bid.at, 0) / SECOND_US:.1f} s" if bid is not None else ""
        second = f"        {self._home(story)} said yes{took}. It stays yours while you show work."
        return first, second

    def already(self, story: Story) -> tuple[str, ...]:
        """The line for whoever claims what is his."""
        grant = held_by(story, self.viewer.account)
        if grant is None:
            raise ValueError("it is not held by this town")
        now = self.viewer.now
        since = f"since {moment(grant.at, now)}, until {moment(grant.until, now)}"
        return (f"yours   {self._short(story)} {since} (nothing changed)",)

    def _hand_in(self, story: Story, short: str) -> tuple[Next, ...]:
        back = f"wl unclaim {short}"
        option, hole = proof_of(story)
        done = step("submit", "done", short, option, f"<{hole}>", needs=(hole,), undo=back)
        return done, step("release", "unclaim", short, label="give it back")

    def _other_agent(self, story: Story, bid_id: str | None) -> str | None:
        """The agent of this town that asked, where it is another than the viewer's."""
        ask = next((a for a in story.asks if a.id == bid_id), None)
        if ask is None or ask.by == self.viewer.agent:
            return None
        return ask.by or "the operator"

    def _own_town(self, story: Story, agent: str, *, has: str = "is held by") -> Standing:
        short = self._short(story)
        who = "the operator" if agent == "the operator" else f"{agent_word(agent)}, an agent"
        why = f"{short} {has} {who} of your own town."
        return Standing(
            state="taken",
            exit=NOT_YOURS,
            words=(f"taken   {why}",),
            next=(BROWSE,),
            error=problem("claim.own_town", why, holder=agent_word(agent)),
        )

    # --- asked

    def _asked(self, story: Story, ask: Ask | None, reach: Reach) -> Standing:
        if ask is None:
            raise ValueError("this town did not ask")
        if ask.by != self.viewer.agent:
            return self._own_town(story, ask.by or "the operator", has="was asked for by")
        short, home = self._short(story), self._home(story)
        others = len({a.account for a in live_asks(story, self.viewer.now)}) - 1
        return Standing(
            state="asked",
            exit=NOT_SETTLED,
            words=self._asked_words(story, short, reach, others),
            next=(
                step("wait", "wait", short),
                step("release", "unclaim", short, label="take it back"),
                Next(do="browse", cmd=("wl", "browse"), label="other work"),
            ),
            error=problem(
                "claim.waiting", f"{home} has not answered yet", retry_after_s=WAIT_AGAIN_S
            ),
            settled=False,
        )

    def _asked_words(self, story: Story, short: str, reach: Reach, others: int) -> tuple[str, ...]:
        home = self._home(story)
        if (self.viewer.account, self.viewer.device) == story.home:
            heard = "This node decides once it has heard a peer: after a start it listens first."
            return (f"asked   {short}. Not yours yet: do not start.", f"        {heard}")
        if not reach.held_by and not reach.live:
            return (f"asked   {short}, only on this machine{_silence(reach)}",)
        if story.rules.assign == "choose":
            asks = counted(others + 1, "request")
            return (f"asked   {short}. {home} picks by hand among {asks}.",)
        first = f"asked   {short}. Not yours yet: do not start."
        return first, self._who_decides(home, reach, others)

    def _who_decides(self, home: str, reach: Reach, others: int) -> str:
        places = [name for name in reach.held_by if name != home] if not reach.live else []
        waits = f" Your request waits for it at {listed(places)}." if places else ""
        also = f" {counted(others, 'other')} asked too." if others else ""
        return f"        {home} decides{_last_heard(reach)}.{waits}{also}"

    # --- not yours

    def _taken(self, story: Story) -> Standing:
        grant = story.open_grants[0]
        short, home = self._short(story), self._home(story)
        holder = holder_words(self.journal, grant)
        why = f"{short} is {holder}'s until {moment(grant.until, self.viewer.now)}."
        words = (
            f"taken   {why} {home} heard {holder.partition('/')[0]} first.",
            f"        Nothing of yours changed. Already built it? wl done {short} --speculative",
        )
        return Standing(
            state="taken",
            exit=NOT_YOURS,
            words=words,
            next=(BROWSE,),
            error=problem("claim.lost", why, holder=holder, until=instant(grant.until)),
        )

    def _lost(self, story: Story) -> Standing:
        short = self._short(story)
        said = lost_words(
            story, self.viewer.account, home=self._home(story), short=short, now=self.viewer.now
        )
        over = said.code == "claim.ended"
        again = step("claim", "claim", short)
        reply = step("reply", "note", short, "<text>", needs=("text",))
        return Standing(
            state="ended" if over else "stop",
            exit=NOT_YOURS,
            words=said.told,
            next=(again if over else reply, BROWSE),
            error=problem(said.code, said.why, untrusted={"reason": said.reason}),
        )

    def _lapsed(self, story: Story, ask: Ask | None) -> Standing:
        if ask is None:
            raise ValueError("this town did not ask")
        short = self._short(story)
        waited = span((ask.until - ask.at) / SECOND_US)
        why = f"your request for {short} got no answer in {waited}."
        why = f"{short} has new terms since you asked." if ask.stale else why
        return Standing(
            state="lapsed",
            exit=NOT_YOURS,
            words=(f"lapsed  {why} Ask again: wl claim {short}",),
            next=(step("claim", "claim", short),),
            error=problem("claim.lapsed", why),
        )

    # --- over

    def _over(self, story: Story) -> Standing:
        short, home, mine = self._short(story), self._home(story), self.viewer.account
        done = story.accepted
        if done is not None and done.doer == mine and done.decision == "accepted":
            return Standing(state="accepted", words=(self._accepted(story),))
        reason = str(story.decisions[-1].body.get("reason", "")) if story.decisions else ""
        because = f': "{reason}"' if reason else ""
        if done is not None and done.doer == mine:
            words = (f"closed  {short} by {home} without a stamp{because}.",)
            return Standing(state="closed", words=words)
        if last_grant_of(story, mine) is not None and story.home.account != mine:
            return self._lost(story)
        withdrawn = story.status is Status.WITHDRAWN
        told = f"withdrawn  {short} by {home}{because}." if withdrawn else ""
        told = told or f"closed  {short} by {home}{because}."
        state = "withdrawn" if withdrawn else "done"
        return Standing(
            state=state,
            exit=NOT_YOURS,
            words=(told,),
            next=(BROWSE,),
            error=problem("item.closed", f"{short} is {state}"),
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


def proof_of(story: Story) -> tuple[str, str]:
    """The option of `wl done` for what the item asks for, and what to fill in behind it."""
    return ("--blob", "file") if story.fields.get("deliver") == "blob" else ("--evidence", "url")
