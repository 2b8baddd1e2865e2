"""How far a device's chain counts: forks, cuts, revokes (records 2.3, 2.4).

Pure. It judges one chain from the records held of it and the effective revoke of its device;
it knows nothing of items, of other chains, or of where records are kept.
"""

from collections.abc import Iterable, Sequence

import msgspec

from stamps.record import ChainKey, Record, heads_key


class ChainState(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger knows of one chain.

    `counted` records from seq 0 on count (their last is `head_id`, made at `head_at`
    microseconds). `fork` is the lowest unsettled fork, `retired` the seq of an effective
    `device.retire`: what follows it is void. `plain` says that no fork and no revoke has ever
    touched the chain, so that its counted records are simply its slots. `named` says that the
    author's effective log names the device.
    """

    key: ChainKey
    counted: int = 0
    head_id: str = ""
    head_at: int = 0
    fork: int | None = None
    retired: int | None = None
    plain: bool = True
    settled: bool = False
    named: bool = True
    branch: tuple[str, ...] = ()

    @property
    def head_seq(self) -> int:
        """The seq of the last counted record, -1 for none."""
        return self.counted - 1

    def counts(self, record: Record) -> bool:
        """Whether this held record of the chain is in its counted prefix (records 2.4)."""
        if record.seq >= self.counted:
            return False
        return self.plain or self.branch[record.seq] == record.id

    def lives(self, record: Record) -> bool:
        """Whether it counts and does not follow the chain's own retirement (records 3.2)."""
        return self.counts(record) and (self.retired is None or record.seq <= self.retired)


def extend(state: ChainState, record: Record) -> ChainState:
    """The state after a plain chain took the record that follows its head."""
    retired = state.retired
    if retired is None and record.kind == "device.retire":
        retired = record.seq
    return ChainState(
        key=state.key,
        counted=record.seq + 1,
        head_id=record.id,
        head_at=record.at,
        retired=retired,
    )


def continues(state: ChainState, record: Record) -> bool:
    """Whether a record is the one after the counted head (records 2.1)."""
    return (
        record.seq == state.counted and record.prev == state.head_id and record.at > state.head_at
    )


def judge(key: ChainKey, held: Iterable[Record], revoke: Record | None) -> ChainState:
    """The state of a chain from all records held of it and its device's effective revoke.

    Source: records 2.3. Without a revoke it counts up to its lowest fork. A revoke whose head
    and all its ancestors are held settles it: exactly these count. Until then it counts below
    both, and a fork up to the head stays unsettled.
    """
    slots: dict[int, list[Record]] = {}
    for record in held:
        slots.setdefault(record.seq, []).append(record)
    fork = min((seq for seq, there in slots.items() if len(there) > 1), default=None)
    if revoke is None:
        prefix = _prefix(slots, fork)
        whole = fork is None and len(prefix) == len(slots)  # no island of pinned records
        return _state(key, prefix, fork=fork, plain=whole)
    named = revoke.body["heads"].get(heads_key(key.scope, key.device))
    if named is None:
        return _state(key, [], settled=True)
    head_seq, head_id = named
    branch = _ancestors(slots, head_seq, head_id)
    if branch is not None:
        return _state(key, branch, settled=True)
    if fork is not None and fork > head_seq:
        fork = None
    limit = head_seq if fork is None else min(fork, head_seq)
    return _state(key, _prefix(slots, limit), fork=fork)


def _state(
    key: ChainKey,
    branch: Sequence[Record],
    *,
    fork: int | None = None,
    settled: bool = False,
    plain: bool = False,
) -> ChainState:
    retired = next((r.seq for r in branch if r.kind == "device.retire"), None)
    return ChainState(
        key=key,
        counted=len(branch),
        head_id=branch[-1].id if branch else "",
        head_at=branch[-1].at if branch else 0,
        fork=fork,
        retired=retired,
        plain=plain,
        settled=settled,
        branch=() if plain else tuple(r.id for r in branch),
    )


def _prefix(slots: dict[int, list[Record]], limit: int | None) -> list[Record]:
    """The unbroken run of single slots from seq 0, below `limit`."""
    found: list[Record] = []
    while limit is None or len(found) < limit:
        there = slots.get(len(found), ())
        if len(there) != 1 or not follows(there[0], found[-1] if found else None):
            break
        found.append(there[0])
    return found


def follows(record: Record, before: Record | None) -> bool:
    """Whether a record continues the one before it in its chain (records 2.1)."""
    if before is None:
        return record.seq == 0 and record.prev == ""
    return record.prev == before.id and record.seq == before.seq + 1 and record.at > before.at


def _ancestors(slots: dict[int, list[Record]], head_seq: int, head_id: str) -> list[Record] | None:
    """The branch that ends in the named head, or None while any of it is not held."""
    by_id = {str(record.id): record for there in slots.values() for record in there}
    found: list[Record] = []
    wanted = head_id
    while True:
        record = by_id.get(wanted)
        if record is None or record.seq != head_seq - len(found):
            return None
        found.append(record)
        if record.seq == 0:
            return found[::-1] if record.prev == "" else None
        wanted = record.prev
