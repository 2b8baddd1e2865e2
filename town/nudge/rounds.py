"""What is done about nudges and mail beside saying them: rounds of a supervisor, calls to many.

A round keeps nothing that the database does not have, and can be repeated at any moment.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace as with_other
from typing import Final

from msgspec.structs import replace

from ledger.private.rows import Setting
from ledger.private.store import Change, PrivateStore
from ledger.workspace import letters
from ledger.workspace.letters import BadLetterError, harmless
from ledger.workspace.rows import CREW, DOG, MAYOR, POLECAT, Agent
from ledger.workspace.talk import PENDING, SENDING, Nudge
from stamps.clock import SECOND_US
from stamps.errors import WastelandError
from town.beads.ports import BeadPorts
from town.leases.ports import Makers
from town.leases.right import Right
from town.mail.posting import Lists
from town.mail.services import ServiceMail
from town.nudge.desk import ORPHAN_US, QUEUE, SERVICES, Nudges, Patience, Saying
from town.nudge.errors import NudgeRefusedError
from town.sessions.port import Sessions

WORKERS: Final = (CREW, POLECAT)
ANNOUNCED_MAX: Final = 20
MAIL_WAITS: Final = "New mail came while you worked: gt mail inbox"
PRUNING: Final = Right(name="prune mail", lasts_us=3_600 * SECOND_US)


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of a call to one of many: its nudge, or why it was refused."""

    address: str
    nudge: Nudge | None
    why: str = ""


class Rounds(Nudges):
    """Nudges to many, and what becomes of those that wait.

    `drains` says whether an agent's runtime tells it at its turns' ends what waits.
    """

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        lists: Lists,
        sessions: Callable[[str], Sessions],
        *,
        patience: Patience | None = None,
        makers: Makers | None = None,
        drains: Callable[[Agent], bool] = lambda _: True,
    ) -> None:
        super().__init__(store, ports, lists, sessions, patience=patience, makers=makers)
        self.drains = drains

    # --- how much somebody wants to be told

    def level(self) -> str:
        """How much the caller wants to be told."""
        return self.look(lambda: self.level_of(self.me()))

    def set_level(self, level: str) -> str:
        """The caller is told so much from now on. Raises BadLetterError."""
        if level not in letters.LEVELS:
            raise BadLetterError("level", f"{level!r} is none of {', '.join(letters.LEVELS)}")

        def work() -> tuple[str, Change]:
            me = self.me()
            told = self.event("notify.changed", me, level=level)
            agent = self.store.get(Agent, me)
            if agent is not None:
                new = replace(agent, notify_level=level)
                change = Change(puts=(new,), events=(told,), seen=(self.seen(agent),))
                return level, Change() if new == agent else change
            return level, Change(puts=(Setting(name=f"notify.{me}", value=level),), events=(told,))

        return self.act("gt notify", work)

    # --- many at once

    def broadcast(
        self, text: str, *, rig: str = "", everybody: bool = False, dry: bool = False
    ) -> list[Reached]:
        """What became of the words, for each worker; nobody is waited for."""
        roles = (*WORKERS, MAYOR, DOG) if everybody else WORKERS

        def meant() -> list[str]:
            me, known = self.me(), self.store.find(Agent)
            found = [a.id for a in known if a.role in roles and rig in ("", a.rig)]
            extra = [MAYOR] if everybody and not rig and MAYOR not in found else []
            return [one for one in (*extra, *found) if one != me]

        names = self.look(meant)
        return (
            [Reached(one, None) for one in names] if dry else [self._call(n, text) for n in names]
        )

    def _call(self, address: str, text: str) -> Reached:
        desk = Nudges(
            self.store,
            self.ports,
            self.lists,
            self.sessions,
            patience=hasty(self.patience),
            makers=self.rights.makers,
        )
        try:
            return Reached(address, desk.nudge(address, Saying(text=text, mode="wait-idle")))
        except NudgeRefusedError as error:
            return Reached(address, None, str(error))

    def announce(self, recipients: Sequence[str], *, subject: str, priority: int) -> list[str]:
        """Whoever of them waits for something to do is told in its session that mail is there.

        Who works, and is told nothing at a turn's end, is told once it is idle.
        """
        told = []
        line = f"New mail from {self.look(self.me)}: {harmless(subject)} (gt mail inbox)"
        for name in recipients[:ANNOUNCED_MAX]:
            with suppress(WastelandError):
                if not self._wants(name, priority):
                    continue
                if self._say_if_idle(name, line):
                    told.append(name)
                else:
                    self._say_later(name, urgent=priority == letters.URGENT)
        return told

    def _say_later(self, address: str, *, urgent: bool) -> None:
        """One word waits for it, however much mail comes meanwhile."""
        agent, _ = self.look(lambda: self._agent(address))
        if agent.role in SERVICES or self.drains(agent) or address == self.look(self.me):
            return

        def waits() -> bool:
            there = self.store.find(Nudge, recipient=agent.id, state=PENDING)
            live = self.live_session(address) is not None
            return live and not any(one.text == MAIL_WAITS for one in there)

        if self.look(waits):  # muted ones are told of what is urgent alone, as was asked before
            self.nudge(address, Saying(text=MAIL_WAITS, mode=QUEUE, urgent=urgent, force=True))

    def _wants(self, address: str, priority: int) -> bool:
        level = self.look(lambda: self.level_of(address))
        if level == letters.MUTED:
            return priority == letters.URGENT
        return level == letters.VERBOSE or priority <= letters.NORMAL

    def _say_if_idle(self, address: str, line: str) -> bool:
        agent, _ = self.look(lambda: self._agent(address))
        if agent.role in SERVICES or address == self.look(self.me):
            return False
        if self.look(lambda: self.live_session(address)) is None:
            return False  # nobody has to be asked whether it is idle
        way = self._line(agent)
        if not self.idle(way):
            return False
        self.sessions(way.provider).send(way.name, line)
        return True

    # --- rounds

    def cycle(self, now: int) -> int:
        """How many rows were brought on: late ones lapse, orphans wait again, old ones are pruned.

        Where an agent's runtime tells it nothing at its turns' ends, what waits for it is typed
        once it is idle.
        """
        settled = self._settle(now) + ServiceMail(self.store, self.ports, self.lists).cycle(now)
        for nudge in self._undrained():
            with suppress(WastelandError):
                agent, level = self.look(lambda n=nudge: self._agent(n.recipient))  # type: ignore[misc]
                line = self._line(agent)
                if (level != letters.MUTED or nudge.forced) and self.idle(line):
                    self._typed(nudge, line)
                    settled += 1
        prunes = self.rights.turn(PRUNING, now=now, what=PRUNING.name)
        return settled + (self.prune(now) if prunes else 0)

    def _settle(self, now: int) -> int:
        def work() -> tuple[int, Change]:
            late = [n for n in self.store.find(Nudge, state=PENDING) if 0 < n.expires_at <= now]
            sending = self.store.find(Nudge, state=SENDING)
            lost = [n for n in sending if n.sent_at + ORPHAN_US <= now]
            again = Change(
                puts=tuple(
                    replace(n, state=PENDING, outcome="its sender died; it may have arrived")
                    for n in lost
                ),
                events=tuple(self.event("nudge.orphaned", n.recipient, nudge=n.id) for n in lost),
                seen=tuple(map(self.seen, lost)),
            )
            return len(late) + len(lost), self.lapse(late, now) + again

        return self.act("nudge round", work)

    def _undrained(self) -> list[Nudge]:
        """The first nudge of each agent whose runtime tells it nothing."""

        def work() -> list[Nudge]:
            firsts: dict[str, Nudge] = {}
            for nudge in sorted(self.store.find(Nudge, state=PENDING), key=lambda n: n.sent_at):
                agent = self.store.get(Agent, nudge.recipient)
                if agent is not None and not self.drains(agent):
                    firsts.setdefault(nudge.recipient, nudge)
            return list(firsts.values())

        return self.look(work)


def hasty(patience: Patience) -> Patience:
    """The same without waiting for anybody to be idle."""
    return with_other(patience, wait_us=0)
