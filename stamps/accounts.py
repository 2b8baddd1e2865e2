"""The account log: which devices an account has, and what they may do (records 3.1-3.2b).

A tree of records below one genesis, of which one path is effective. The same records give the same
path in whatever order they came. It refuses to verify signatures: what comes in is taken as signed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from stamps.identity import AccountId
from stamps.kinds import SCOPE_ACCOUNT
from stamps.limits import LOG_SEQ_MAX
from stamps.record import Record

Verdict = Literal["ok", "held", "gap", "void"]

ANY_KIND = "*"
_UNRANKED = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """What holds after one record of the log; `devices` in the order they were added."""

    n: int
    rotation: tuple[str, ...]
    devices: tuple[str, ...]
    may: Mapping[str, frozenset[str]]
    revoked: frozenset[str]
    revokes: Mapping[str, Record]

    def may_sign(self, device: str, kind: str) -> bool:
        """Say whether a device has been given a kind; being revoked takes nothing back here."""
        rights = self.may.get(device, frozenset())
        return ANY_KIND in rights or kind in rights


@dataclass(slots=True)
class _Node:
    """One held record; `keys` ranks rotation keys by when its branch first named them."""

    record: Record
    state: LogState
    keys: Mapping[str, int]
    children: list["_Node"]


class AccountLog:
    """All held records of one account's log, on whichever branch."""

    def __init__(self, genesis: Record, records: Iterable[Record] = ()) -> None:
        if genesis.kind != "rig.register":
            raise ValueError("an account log begins with rig.register")
        state = _first_state(genesis)
        self.genesis = genesis
        keys = {key: rank for rank, key in enumerate(state.rotation)}
        self._nodes: dict[str, _Node] = {genesis.id: _Node(genesis, state, keys, [])}
        self._introducers: dict[str, list[Record]] = {state.devices[0]: [genesis]}
        self._path: tuple[Record, ...] | None = None
        self._effective: LogState | None = None
        for record in sorted(records, key=lambda each: each.seq):
            self.add(record)

    @property
    def account(self) -> AccountId:
        """The account whose log this is."""
        return self.genesis.account

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._nodes

    def judge(self, record: Record) -> Verdict:
        """Say what `add` would answer; nothing is taken in."""
        return self._judge(record)[0]

    def add(self, record: Record) -> Verdict:
        """Take a record in ("ok"), or say why not: "held", no held `prev` ("gap"), "void"."""
        verdict, state = self._judge(record)
        if state is None:
            return verdict
        before = self._nodes[record.prev]
        node = _Node(record, state, _keys_after(before.keys, state.rotation), [])
        self._nodes[record.id] = node
        before.children.append(node)
        if record.kind == "device.add":
            self._introducers.setdefault(record.body["device"], []).append(record)
        self._path = self._effective = None
        return verdict

    def _judge(self, record: Record) -> tuple[Verdict, LogState | None]:
        """Return the verdict on a record and, when it is "ok", what holds after it."""
        if record.account != self.account:
            raise ValueError("a record of another account")
        if record.id in self._nodes:
            return "held", None
        before = self._nodes.get(record.prev)
        if before is None:
            return "gap", None
        state = _step(before, record)
        return ("void" if state is None else "ok"), state

    @property
    def path(self) -> tuple[Record, ...]:
        """The effective records from the genesis on (records 3.1)."""
        if self._path is None:
            self._path = self._effective_path()
        return self._path

    @property
    def head(self) -> Record:
        """The last effective record."""
        return self.path[-1]

    @property
    def effective(self) -> LogState:
        """What holds after the last effective record."""
        if self._effective is None:
            self._effective = self._nodes[self.head.id].state
        return self._effective

    def may(self, device: str, kind: str) -> bool:
        """Say whether the effective log gives a device this kind (records 3.2b)."""
        return self.effective.may_sign(device, kind)

    def introduces(self, device: str) -> bool:
        """Say whether the effective log names a device, revoked since or not (records 2.1)."""
        return device in self.effective.may

    def names(self, device: str) -> bool:
        """Say whether any held path names a device, effective or not (records 5.3)."""
        return device in self._introducers

    def paths_introducing(self, device: str) -> list[tuple[Record, ...]]:
        """Return each held path, from the genesis on, that ends where it names this device."""
        return [self.path_to(record.id) for record in self._introducers.get(device, [])]

    def path_to(self, record_id: str) -> tuple[Record, ...]:
        """Return the held path from the genesis to a held record."""
        path = [self._nodes[record_id].record]
        while path[-1].prev:
            path.append(self._nodes[path[-1].prev].record)
        return tuple(reversed(path))

    def state_at(self, record_id: str) -> LogState:
        """Return what holds after a held record, effective or not."""
        return self._nodes[record_id].state

    @property
    def records(self) -> tuple[Record, ...]:
        """All held records, in the order (seq, id)."""
        held = (node.record for node in self._nodes.values())
        return tuple(sorted(held, key=lambda record: (record.seq, record.id)))

    def _effective_path(self) -> tuple[Record, ...]:
        """Choose at each parting, from the tips down to the genesis.

        The best key of a chosen continuation, by the order its branch first named keys, decides;
        keys named only after the parting do not count at it. No recursion: a log may be deep.
        """
        chosen: dict[str, _Node] = {}
        best_key: dict[str, int] = {}
        for node in sorted(self._nodes.values(), key=lambda each: -each.state.n):
            signed = node.keys.get(node.record.device, _UNRANKED)
            if node.children:
                chosen[node.record.id] = _choose(node, best_key)
                signed = min(signed, best_key[chosen[node.record.id].record.id])
            best_key[node.record.id] = signed
        node = self._nodes[self.genesis.id]
        path = [node.record]
        while node.record.id in chosen:
            node = chosen[node.record.id]
            path.append(node.record)
        return tuple(path)


def _choose(node: _Node, best_key: Mapping[str, int]) -> _Node:
    """Return the child on which the effective path goes on (records 3.1)."""

    def order(child: _Node) -> tuple[int, int, str]:
        best = best_key[child.record.id]
        known = best if best < len(node.keys) else _UNRANKED
        return known, _signer_rank(node.state, child.record.device), child.record.id

    return min(node.children, key=order)


def _signer_rank(state: LogState, device: str) -> int:
    """Rank a signer: rotation keys by priority, then devices as added; _UNRANKED may not sign."""
    if device in state.rotation:
        return state.rotation.index(device)
    if device in state.may and device not in state.revoked:
        return len(state.rotation) + state.devices.index(device)
    return _UNRANKED


def _keys_after(keys: Mapping[str, int], rotation: tuple[str, ...]) -> Mapping[str, int]:
    named = [key for key in rotation if key not in keys]
    return {**keys, **{key: len(keys) + at for at, key in enumerate(named)}} if named else keys


def _first_state(genesis: Record) -> LogState:
    device = genesis.body["device"]
    return LogState(
        n=0,
        rotation=tuple(genesis.body["rotation"]),
        devices=(device,),
        may={device: frozenset({ANY_KIND})},
        revoked=frozenset(),
        revokes={},
    )


def _step(before: _Node, record: Record) -> LogState | None:
    """Return what holds after one more record, or None when its signer may not say it there."""
    state = before.state
    step = _STEPS.get(record.kind)
    if step is None or record.scope != SCOPE_ACCOUNT:
        return None
    if record.seq != state.n + 1 or record.seq > LOG_SEQ_MAX or record.at <= before.record.at:
        return None
    if _signer_rank(state, record.device) == _UNRANKED:
        return None
    after = step(state, record)
    return replace(after, n=state.n + 1) if after else None


def _add(state: LogState, record: Record) -> LogState | None:
    device, rights = record.body["device"], frozenset(record.body["may"])
    if device in state.may:  # records 3.2b: the first add alone counts
        return None
    if record.device not in state.rotation:
        own = state.may[record.device]
        if not state.may_sign(record.device, "device.add"):
            return None
        if ANY_KIND not in own and not rights <= own:
            return None
    return replace(state, devices=(*state.devices, device), may={**state.may, device: rights})


def _revoke(state: LogState, record: Record) -> LogState | None:
    device = record.body["device"]
    if record.device not in state.rotation or device not in state.may:
        return None
    revokes = {**state.revokes, device: record}
    return replace(state, revoked=state.revoked | {device}, revokes=revokes)


def _rotate(state: LogState, record: Record) -> LogState | None:
    if record.device not in state.rotation:
        return None
    return replace(state, rotation=tuple(record.body["rotation"]))


_STEPS: Mapping[str, Callable[[LogState, Record], LogState | None]] = {
    "device.add": _add,
    "device.revoke": _revoke,
    "key.rotate": _rotate,
}
