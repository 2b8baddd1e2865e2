"""Several nodes on one Dolt server: of those who reach for the same thing at once one has it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from ledger.beads.errors import BeadError, ClaimedError
from ledger.beads.rows import Link
from ledger.beads.waiting import cycles
from ledger.dolt.private import DoltPrivate, open_private_server
from tests.beads.worlds import desk
from town.beads.desk import Beads, Draft

NODES = 6
ROUNDS = 8


@pytest.fixture
def stores(request):
    """One database of a server, opened by several nodes."""
    url = request.getfixturevalue("dolt").url(f"p{uuid4().hex}")
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(open_private_server(url, town="rust")))
            for _ in range(NODES)
        ]


def at_once(stores: list[DoltPrivate], work: Callable[[Beads, int], object]) -> list[object]:
    """What each node was told that did the work at the same moment as the others."""
    told: list[object] = [None] * len(stores)
    gate = Barrier(len(stores))

    def run(number: int, store: DoltPrivate) -> None:
        at = desk(store, actor=f"agent-{number}")
        gate.wait()
        try:
            told[number] = work(at, number)
        except BeadError as error:
            told[number] = error

    threads = [Thread(target=run, args=pair) for pair in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.mark.dolt
def test_of_several_nodes_one_claims_and_the_others_are_told_who(stores):
    """Whether they looked before or wrote at the same moment."""
    at = desk(stores[0])
    for number in range(ROUNDS):
        bead = at.create(Draft(title="one", id=f"gt-one{number}")).id

        def claimed(beads: Beads, _: int, bead: str = bead) -> object:
            return beads.claim(bead).assignee

        told = at_once(stores, claimed)
        (winner,) = [name for name in told if isinstance(name, str)]
        lost = [error for error in told if isinstance(error, ClaimedError)]
        assert len(lost) == NODES - 1
        assert {error.by for error in lost} == {winner}
        assert at.show([bead])[0].assignee == winner


@pytest.mark.dolt
def test_links_that_close_a_circle_only_together_are_not_all_made(stores):
    """Each node makes one link of a ring; at least one is refused, and there is no circle."""
    at = desk(stores[0])
    for number in range(ROUNDS):
        ring = [f"gt-{'abcdef'[n]}{number}aa" for n in range(NODES)]
        for bead in ring:
            at.create(Draft(title=bead, id=bead))

        def linked(beads: Beads, n: int, ring: Sequence[str] = ring) -> object:
            return beads.link([(ring[n], ring[(n + 1) % NODES], "blocks")])

        told = at_once(stores, linked)
        assert sum(isinstance(error, BeadError) for error in told) == 1
        assert not cycles(stores[0].find(Link))
