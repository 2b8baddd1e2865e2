"""Exchanges with peers: one at a time with each, a second process beside a long one."""

from collections.abc import Callable
from dataclasses import dataclass, field

from federation.driver import Board, Do, Link, Progress, exchange
from federation.peers import Peer
from federation.session import Report
from town.market.ports import Standing
from town.node.checking import Checking


@dataclass(slots=True)
class Exchanges:
    """Carries exchanges out, over one link."""

    link: Link
    do: Do
    now: Callable[[], int]
    new_secret: Callable[[], bytes]
    progress: Progress
    checking: Checking = field(default_factory=Checking)

    async def one(self, peer: Peer, board: Board) -> Report:
        """One exchange to its end. Raises what the link or the session raises."""
        async with board.standing(peer.key).turn:
            try:
                return await exchange(
                    self.link,
                    peer,
                    board,
                    do=self.do,
                    now=self.now,
                    new_secret=self.new_secret,
                    checks=self.checking,
                    progress=self.progress,
                )
            finally:
                await self.do(self.checking.rest)


async def unsaid(do: Do, standing: Callable[[str], Standing], wasteland: str) -> bool:
    """Whether this town, now that it heard a peer, decided what no peer has yet.

    A command without a node ends soon, so it says that as well before it ends.
    """
    await do(lambda: None)  # conduct has its turn after each piece of work
    return await do(lambda: standing(wasteland).unsent > 0)


def both(one: Report, other: Report) -> Report:
    """Two exchanges in a row, told as one."""
    return Report(
        equal=other.equal,
        root=other.root,
        sent=one.sent + other.sent,
        received=one.received + other.received,
        refused={**one.refused, **other.refused},
        they_refused={**one.they_refused, **other.they_refused},
        they_lack=other.they_lack,
        we_lack=other.we_lack,
        asks=one.asks + other.asks,
        layer2=one.layer2 or other.layer2,
    )
