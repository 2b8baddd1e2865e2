"""A town's rows in a store, a clock that stands still, and the systems of talk for any caller."""

from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import Any

from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.private.memory import MemoryPrivate
from ledger.private.store import Change, PrivateStore
from ledger.workspace.rows import CREW, POLECAT, REFINERY, WITNESS, Agent, Rig
from ledger.workspace.talk import Convoy, Delivery
from town.beads.desk import Beads
from town.beads.ports import BeadPorts, Caller
from town.convoys.desk import NewConvoy
from town.convoys.members import ConvoyPorts
from town.convoys.staging import Staging
from town.mail.desk import Mail
from town.mail.groups import Groups
from town.nudge.desk import Patience
from town.nudge.rounds import Rounds

START = 1_800_000_000_000_000
MINUTE = 60_000_000


def agents_of(rig: str, *, crew: tuple[str, ...] = (), polecats: tuple[str, ...] = ()):
    """The agents of a rig: its services, its crew, its workers."""
    made = [Agent(id=f"{rig}/{r}", role=r, rig=rig, name=r) for r in (WITNESS, REFINERY)]
    made += [Agent(id=f"{rig}/crew/{n}", role=CREW, rig=rig, name=n) for n in crew]
    made += [Agent(id=f"{rig}/polecats/{n}", role=POLECAT, rig=rig, name=n) for n in polecats]
    return made


class Talkers:
    """Two rigs, `api` (beads `ap-`) and `web` (`we-`), and who is in them."""

    def __init__(self, store: PrivateStore | None = None, sessions: Any = None) -> None:
        self.store = store or MemoryPrivate()
        self.now = START
        self.numbers = count(1)
        self.sessions = sessions
        self.dispatching = True
        self.workers_max = -1
        self.rig_max: dict[str, int] = {}
        self.tells_mayor = False
        self.given_up = False
        self.slept: list[float] = []
        self.undrained: tuple[str, ...] = ()  # whose runtime tells nothing at its turns
        self.lists: dict[str, Sequence[str]] = {}
        rigs = (
            Rig(name="api", prefix="ap", default_branch="main"),
            Rig(name="web", prefix="we", default_branch="main"),
        )
        agents = [
            *agents_of("api", crew=("max", "joe"), polecats=("rust", "nux")),
            *agents_of("web", crew=("ada",), polecats=("toast",)),
        ]
        self.store.apply(Change(puts=(*rigs, *agents)))

    def ports(self, actor: str, session: str = "") -> BeadPorts:
        """What a use case of this caller is given."""
        return BeadPorts(
            now=lambda: self.now,
            new_secret=lambda: next(self.numbers).to_bytes(16, "big"),
            run=lambda work: work(),
            caller=Caller(actor=actor, session=session),
        )

    def mail(self, actor: str = "overseer") -> Mail:
        """The letters, as this caller has them."""
        return Mail(self.store, self.ports(actor), lambda: self.lists)

    def groups(self, actor: str = "overseer") -> Groups:
        """The groups, as this caller works on them."""
        return Groups(self.store, self.ports(actor), lambda: self.lists)

    def nudges(self, actor: str = "overseer") -> Rounds:
        """The nudges, as this caller says them; time passes while it sleeps."""

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.now += int(seconds * 1_000_000)

        patience = Patience(sleep=sleep, given_up=lambda: self.given_up)
        return Rounds(
            self.store,
            self.ports(actor),
            lambda: self.lists,
            lambda _: self.sessions,
            patience=patience,
            drains=lambda agent: agent.id not in self.undrained,
        )

    def convoys(self, actor: str = "overseer") -> Staging:
        """The convoys, as this caller works on them."""
        town = ConvoyPorts(
            dispatching=lambda: self.dispatching,
            workers_max=lambda: self.workers_max,
            rig_max=lambda rig: self.rig_max.get(rig, -1),
            tells_mayor=lambda: self.tells_mayor,
        )
        return Staging(self.store, self.ports(actor), lambda: self.lists, town)

    def beads(self, actor: str = "overseer") -> Beads:
        """The beads, as this caller works on them."""
        return Beads(self.store, self.ports(actor))

    def put(self, *rows: Any) -> None:
        """The rows are there, whatever stood in their places."""
        self.store.apply(Change(puts=rows))

    def bead(self, name: str, **fields: Any) -> Bead:
        """A bead that was just made."""
        made = Bead(
            id=name, title=fields.pop("title", f"Do {name}"), created_at=self.now,
            updated_at=self.now, **fields,
        )  # fmt: skip
        self.put(made)
        return made

    def agent(self, name: str, **fields: Any) -> Agent:
        """The agent, changed."""
        old = self.store.get(Agent, name)
        assert old is not None
        new = replace(old, **fields)
        self.put(new)
        return new


def convoy(talk: Talkers, *beads: str, **fields) -> Convoy:
    """A convoy of these beads, which are made where they are not there."""
    for one in beads:
        if talk.store.get(Bead, one) is None:
            talk.bead(one)
    return talk.convoys().create(NewConvoy(title=fields.pop("title", "x"), beads=beads, **fields))


def status(talk: Talkers, made: Convoy) -> str:
    """How the convoy stands."""
    found = talk.store.get(Convoy, made.id)
    assert found is not None
    return found.status


def reasons(talk: Talkers, made: Convoy) -> dict[str, str]:
    """The reason of each member that is not done."""
    view = talk.convoys().show(made.id)
    return {one.id: one.reason.code for one in view.members if one.reason.code != "done"}


def boxes(talk: Talkers) -> Counter[str]:
    """How many letters each has."""
    return Counter(one.recipient for one in talk.store.find(Delivery))
