"""Who is one owner behind several accounts, as far as signed words say it (records 3.4).

Pure. It serves the weight of stamps alone: no status, no row and no decision asks it, so that a
link said today changes nothing that was decided.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from ledger.people import links_of
from ledger.story import Given, Story
from ledger.world import World

CLUSTER_ACCOUNTS_MAX: Final = 256


def one_owner(world: World, one: str, other: str) -> bool:
    """Whether both accounts are in one control cluster."""
    if one == other:
        return True
    group = _linked(world, one)
    if other in group:
        return True
    keys = {key for account in group for key in _signing_keys(world, account)}
    if not keys:
        return False
    return any(not keys.isdisjoint(_signing_keys(world, a)) for a in _linked(world, other))


def weighed(world: World, story: Story) -> Story:
    """The story, each stamp with the reason why it has no weight, if it has none (5.6)."""
    if not story.stamps:
        return story
    return msgspec.structs.replace(
        story, stamps=tuple(_weighed(world, given) for given in story.stamps)
    )


def _weighed(world: World, given: Given) -> Given:
    if given.void or given.weightless or not one_owner(world, given.author, given.subject):
        return given
    return msgspec.structs.replace(given, weightless="yearbook")


def _linked(world: World, account: str) -> set[str]:
    """The account, and whoever is tied to it by words of both sides, directly or not."""
    found = {account}
    todo = [account]
    while todo and len(found) < CLUSTER_ACCOUNTS_MAX:
        for other in _neighbours(world, todo.pop()):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _neighbours(world: World, account: str) -> Iterable[str]:
    for other in links_of(world, account):
        if account in links_of(world, other) or _parent(world, other) == account:
            yield other
    parent = _parent(world, account)
    if parent and account in links_of(world, parent):
        yield parent


def _parent(world: World, account: str) -> str | None:
    log = world.log(account)
    return log.genesis.body.get("parent") if log is not None else None


def _signing_keys(world: World, account: str) -> set[str]:
    """Rotation keys of the account that have themselves signed in its log.

    A key that is only listed proves nothing: anybody can write down anybody's (attack 16).
    """
    log = world.log(account)
    if log is None:
        return set()
    signers = {str(record.device) for record in log.path}
    return {
        key for record in log.path for key in log.state_at(record.id).rotation if key in signers
    }
