"""The registrar's decisions: who is admitted under which name, and the policy (records 4).

Pure. One sequence, replayed from the wasteland's genesis; it names people and never judges
what they do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.story import Home, Stop
from ledger.walk import Verdict, Walk, replay
from ledger.world import World, in_force, look
from stamps.kinds import REGISTRAR_KINDS
from stamps.limits import LEASE_DEFAULT_S
from stamps.record import ChainKey, Record

DEFAULT_POLICY: Final[Mapping[str, Any]] = {
    "join": "open",
    "assign": "first",
    "lease_s": LEASE_DEFAULT_S,
    "unsigned": "ask",
    "may_instruct": [],
    "maintainers": [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What the registrar's effective decisions say.

    `admitted`: account to handle, now. `ever`: accounts ever admitted, suspended since or not.
    `bearers`: handle to the account it stays with. `maintainers` of any effective policy.
    """

    home: Home | None = None
    pointer: str = ""
    stop: Stop = Stop.NONE
    effective: tuple[Record, ...] = ()
    admitted: Mapping[str, str] = field(default_factory=dict)
    bearers: Mapping[str, str] = field(default_factory=dict)
    ever: frozenset[str] = frozenset()
    registrars: frozenset[str] = frozenset()
    policy: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULT_POLICY))
    policy_id: str = ""
    maintainers: frozenset[str] = frozenset()


def policy_values(genesis: Record | None, policy: Record | None) -> dict[str, Any]:
    """The whole policy that holds under a policy record: defaults, genesis, then its `set`.

    A function of these two records alone, so that no third one can change an item (5.2).
    """
    values = dict(DEFAULT_POLICY)
    if genesis is not None:
        values["maintainers"] = genesis.body.get("maintainers", [])
        values.update(genesis.body.get("policy", {}))
    if policy is not None and policy.kind == "wasteland.policy":
        values.update(policy.body.get("set", {}))
    return values


def invites_only(genesis: Record | None) -> bool:
    """Whether the wasteland counts only whom its registrar admitted: a rule of its genesis.

    Fixed at creation, else a later policy would change what counted before it (records 7.7).
    """
    return genesis is not None and genesis.body.get("policy", {}).get("join") == "invite"


class _Members:
    """The running state of the replay."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.admitted: dict[str, str] = {}
        self.bearers: dict[str, str] = {}
        self.ever: set[str] = set()
        self.void: list[tuple[str, str]] = []

    def judge(self, record: Record) -> Verdict:
        if record.kind == "home.move":
            if record.about != self.walk.root:
                return Verdict.VOID
            to = record.body["to"]
            self.walk.moved_to = Home(to["account"], to["device"])
        elif record.kind == "rig.admit":
            return self._admit(record)
        return Verdict.EFFECTIVE

    def _admit(self, record: Record) -> Verdict:
        account = record.body["account"]
        if record.body.get("suspend"):
            self.admitted.pop(account, None)
            return Verdict.EFFECTIVE
        handle = record.body["handle"]
        if self.bearers.setdefault(handle, account) != account:
            return Verdict.VOID  # records 4.3: name_taken
        self.admitted[account] = handle
        self.ever.add(account)
        return Verdict.EFFECTIVE


def _by_pointer(world: World, chain: ChainKey) -> dict[Any, list[Record]]:
    """Decisions of a chain in its order, by the one each of them names as before it."""
    found: dict[Any, list[Record]] = {}
    for record in world.chain_records(chain):
        pointer = record.body.get("decides")
        if record.kind in REGISTRAR_KINDS and isinstance(pointer, str):
            found.setdefault(pointer, []).append(record)
    return found


def fold_registrar(world: World) -> Registry:
    """The registry of the world's wasteland; empty until its genesis can be judged."""
    genesis, _ = look(world, world.wasteland)
    if genesis is None:
        return Registry()
    walk = Walk(root=genesis.id, home=Home(genesis.account, genesis.device), alive=in_force)
    members = _Members(walk)

    said: dict[Home, dict[Any, list[Record]]] = {}

    def candidates(home: Home) -> Iterable[Record]:
        """What the home says behind the last decision: it is looked for once for each."""
        if home not in said:
            said[home] = _by_pointer(world, ChainKey(world.wasteland, home.account, home.device))
        return said[home].get(walk.pointer, ())

    replay(world, walk, candidates, members.judge)
    policies = [r for r in walk.effective if r.kind == "wasteland.policy"]
    latest = policies[-1] if policies else None
    named = [*(genesis.body.get("maintainers", ()))]
    for policy in policies:
        named.extend(policy.body.get("set", {}).get("maintainers", ()))
    return Registry(
        home=walk.home,
        pointer=walk.pointer,
        stop=walk.stop,
        effective=tuple(walk.effective),
        admitted=members.admitted,
        bearers=members.bearers,
        ever=frozenset(members.ever),
        registrars=frozenset({genesis.account, *(r.account for r in walk.effective)}),
        policy=policy_values(genesis, latest),
        policy_id=latest.id if latest is not None else genesis.id,
        maintainers=frozenset(named),
    )
