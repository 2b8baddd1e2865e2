"""Leaving for a fresh session: the work stays on the hook, the next one is told what this one knew.

Said first, durable, and only then does the session end. It never ends the work, and it is not
counted against it.
"""

from typing import ClassVar, Final

from msgspec.structs import replace

from ledger.private.store import Change
from ledger.workspace.work import Handoff, Session
from town.agents.address import OVERSEER
from town.hooks.errors import HookError
from town.hooks.handing import Handing

COOLDOWN_US: Final = 120_000_000
TEXT_CHARS_MAX: Final = 100_000
REASON: Final = "handoff"


class TooSoonError(HookError):
    """Somebody hands off again and again without working."""

    code: ClassVar[str] = "handoff.too_soon"
    hint: ClassVar[str] = "Work first; or gt done --status ESCALATED if you cannot."
    exit: ClassVar[int] = 9

    def __init__(self, agent: str, left_s: int) -> None:
        super().__init__(f"{agent} handed off a moment ago; again in {left_s} s")
        self.agent = agent
        self.retry_after_s = left_s


class NobodyLeavesError(HookError):
    """Who hands off has no session that could end."""

    code: ClassVar[str] = "handoff.nobody"
    hint: ClassVar[str] = "An agent hands off, in its own session; a person restarts one."
    exit: ClassVar[int] = 2
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("gt", "session", "restart", "<agent>"),)

    def __init__(self, agent: str) -> None:
        super().__init__(f"{agent} has no session to hand on")
        self.agent = agent


class Leaving(Handing):
    """Ends sessions without ending work."""

    def handoff(self, agent: str, text: str, *, session: str = "") -> Handoff:
        """What is left for the next session is kept; this one is to end.

        Raises TooSoonError, and NobodyLeavesError for a person, who has no session.
        """
        if agent == OVERSEER:
            raise NobodyLeavesError(agent)

        def work() -> tuple[Handoff, Change]:
            now = self.ports.now()
            old = self.store.get(Handoff, agent)
            # One that is to come is of a clock that was set back since: no reason to wait.
            if old is not None and 0 <= now - old.at < COOLDOWN_US:
                raise TooSoonError(agent, (COOLDOWN_US - (now - old.at)) // 1_000_000 + 1)
            new = Handoff(agent=agent, text=text[:TEXT_CHARS_MAX], session=session, at=now)
            rests = self.seen(old) if old is not None else self.missing(Handoff, agent)
            told = self.event("handoff", agent, session=session)
            change = Change(puts=(new,), events=(told,), seen=(rests,))
            row = self.store.get(Session, session) if session else None
            if row is not None and not row.ended_at:
                leaving = replace(row, reason=REASON)
                change += Change(puts=(leaving,), seen=(self.seen(row),))
            return new, change

        return self.act("gt handoff", work)

    def left_by(self, agent: str, text: str, *, session: str) -> Handoff:
        """What somebody else leaves for the agent's next session, which they begin themselves."""

        def work() -> tuple[Handoff, Change]:
            old = self.store.get(Handoff, agent)
            now = self.ports.now()
            new = Handoff(agent=agent, text=text[:TEXT_CHARS_MAX], session=session, at=now)
            rests = self.seen(old) if old is not None else self.missing(Handoff, agent)
            told = self.event("handoff", agent, by=self.ports.caller.actor)
            return new, Change(puts=(new,), events=(told,), seen=(rests,))

        return self.act("gt crew refresh", work)

    def left_for(self, agent: str, *, session: str) -> str:
        """What the session before left, told once; empty for nothing new."""

        def work() -> tuple[str, Change]:
            old = self.store.get(Handoff, agent)
            text = _for(old, session)
            if old is None or old.told_at or not text:
                return text, Change()
            new = replace(old, told_to=session, told_at=self.ports.now())
            return old.text, Change(puts=(new,), seen=(self.seen(old),))

        return self.act("gt prime", work)

    def waiting_for(self, agent: str, *, session: str) -> str:
        """The same, and it is not told by this."""
        return self.look(lambda: _for(self.store.get(Handoff, agent), session))


def _for(left: Handoff | None, session: str) -> str:
    """What was left, for a session that is to be told it or was; empty for any other."""
    if left is None or (session and left.session == session):
        return ""
    if left.told_at and not (session and left.told_to == session):
        return ""
    return left.text
