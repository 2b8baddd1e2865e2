"""A device that a peer does not know yet brings its account's log, and is known from then on.

A second machine, or a new key in the place of a lost one, was added by a record that its peers
may not hold. Anybody who is no member gets the answer of an unknown wasteland.
"""

from typing import Protocol

from federation.driver import Board
from federation.peers import Peer
from federation.transport.client import Client
from stamps.errors import WastelandError
from town.market.town import Town
from town.node.knocking import join_body
from town.node.writer import Writer


class Behind(Protocol):
    """The node that introduces itself."""

    town: Town
    writer: Writer
    client: Client

    def own_addresses(self) -> tuple[str, ...]:
        """Where it is called."""
        ...


class Introductions:
    """Introduces this node's device, once to each peer of each wasteland."""

    def __init__(self, desk: Behind) -> None:
        self.desk = desk
        self._made: set[tuple[str, str, str]] = set()

    async def make(self, peer: Peer, board: Board) -> bool:
        """Whether the peer took the account's log."""
        desk, wasteland = self.desk, board.replica.wasteland
        town, device = desk.town, desk.town.device
        pair = (peer.key, wasteland, str(device.device) if device is not None else "")
        if pair in self._made or not town.account:
            return False
        self._made.add(pair)
        own = desk.own_addresses()
        body = await desk.writer.do(lambda: join_body(town, b"", town.handle, own))
        try:
            await desk.client.call(peer, "POST", f"/v1/w/{wasteland}/redeem", body)
        except WastelandError:
            return False
        return True
