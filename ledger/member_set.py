"""The defined set R(W) of a wasteland, and its root (records 2.4, 2.5).

Pure: a function of the held set as the ledger state judges it. It lists; it never fetches.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ledger.chains import ChainState
from ledger.record_key import AT_CHARS
from ledger.replica import Frontier, Head
from ledger.state import LedgerState
from stamps.clock import SECOND_US
from stamps.kinds import SCOPE_ACCOUNT
from stamps.record import ChainKey, Record

ROOT_DOMAIN: Final = b"wasteland/root/1\0"


def frontier_of(state: LedgerState, pins: Iterable[str]) -> Frontier:
    """The set in short. `pins` are the pinned records outside every counted prefix."""
    members = member_accounts(state)
    chains = {
        key: Head(chain.head_seq, chain.head_id)
        for key, chain in state.chains.items()
        if chain.counted and _in_set(state, chain, members)
    }
    forks = {
        key: chain.fork
        for key, chain in state.chains.items()
        if chain.fork is not None and _in_set(state, chain, members)
    }
    logs: dict[str, Head] = {}
    for account in sorted(members):
        log = state.log(account)
        if log is not None:
            logs[account] = Head(log.head.seq, log.head.id)
    outside = pinned_outside(state, pins, members)
    return Frontier(
        wasteland=state.wasteland,
        chains=chains,
        logs=logs,
        forks=forks,
        pins=outside,
        root=root_of(state.wasteland, chains, forks, logs, outside),
    )


def _in_set(state: LedgerState, chain: ChainState, members: frozenset[str]) -> bool:
    if not chain.named:
        return False
    if chain.key.scope == state.wasteland:
        return state.welcome(chain.key.author)
    return chain.key.scope == "identity" and chain.key.author in members


def member_accounts(state: LedgerState) -> frozenset[str]:
    """Accounts whose logs and identity chains belong to the set (records 2.4)."""
    found = {
        key.author
        for key, chain in state.chains.items()
        if key.scope == state.wasteland
        and chain.named
        and (chain.counted or chain.fork is not None)
        and state.welcome(key.author)
    }
    genesis = state.genesis()
    if genesis is not None:
        found.add(genesis.account)
        found.update(state.registry.maintainers)
    return frozenset(found)


def pinned_outside(
    state: LedgerState, pins: Iterable[str], members: frozenset[str]
) -> frozenset[str]:
    """Pinned records outside every prefix, with the log records that introduce their devices."""
    pinned = set(pins)
    if state.genesis() is not None:
        pinned.add(state.wasteland)
    logs = (state.log(account) for account in members)
    inside = {record.id for log in logs if log is not None for record in log.path}
    found: set[str] = set()
    for record_id in pinned:
        record = state.record(record_id)
        if record is not None:
            found.add(record_id)
            found.update(step.id for step in paths_of(state, record))
    return frozenset(found - inside)


def paths_of(state: LedgerState, record: Record) -> Iterable[Record]:
    """The log records that a pinned one needs: what introduces its device, or leads up to it."""
    log = state.log(record.account)
    if log is None:
        return
    for path in log.paths_introducing(record.device):
        yield from path
    if record.scope == SCOPE_ACCOUNT and record.id in log:
        yield from log.path_to(record.id)


def root_of(
    wasteland: str,
    chains: Mapping[ChainKey, Head],
    forks: Mapping[ChainKey, int],
    logs: Mapping[str, Head],
    pins: Iterable[str],
) -> bytes:
    """The 32-byte root of a set; never a sum of ids (records 2.5)."""
    parts = (
        sorted(key.digest + _head(head) for key, head in chains.items()),
        sorted(key.digest + seq.to_bytes(8) for key, seq in forks.items()),
        sorted(bytes.fromhex(account) + _head(head) for account, head in logs.items()),
        sorted(bytes.fromhex(record_id) for record_id in pins),
    )
    digest = hashlib.sha256(ROOT_DOMAIN + bytes.fromhex(wasteland))
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(b"".join(part))
    return digest.digest()


def _head(head: Head) -> bytes:
    return head.seq.to_bytes(8) + bytes.fromhex(head.id)


def member(record: Record) -> tuple[int, str]:
    """How layer 2 names a record of the set (records 2.5)."""
    return record.at // SECOND_US, str(record.id)


def in_chains(
    places: Iterable[tuple[ChainKey, int, str]],
    heads: Mapping[ChainKey, Head],
    read: Callable[[ChainKey, int], Iterable[Record]],
) -> Iterator[tuple[int, str]]:
    """The members in counted chains, from where records stand: none of them is looked at.

    A chain that has not one record in each of its places, for it forked or is not indexed to its
    head, is read instead. `places` come by key, so that those of a chain come by seq.
    """
    named: dict[ChainKey, list[tuple[int, str]]] = {key: [] for key in heads}
    for key, seq, name in places:
        if key in heads and seq <= heads[key].seq:
            named[key].append((seq, name))
    for key, told in named.items():
        last = heads[key].seq
        if [seq for seq, _ in told] == list(range(last + 1)):
            yield from (
                (int(name[:AT_CHARS], 16) // SECOND_US, name[AT_CHARS:]) for _, name in told
            )
        else:
            yield from map(member, read(key, last))
