"""How the town stands to its peers: who was heard when, who lacks what, what is only here.

Reads what exchanges left behind; it talks to nobody, and says None for what is not known.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ledger.quota import QUOTA
from ledger.story import Home
from stamps.clock import SECOND_US
from stamps.record import ChainKey
from town.market.ports import PeerReport, Reach, Standing
from town.market.town import Town

if TYPE_CHECKING:  # sessions: a node's, not a command's
    from federation.driver import Board
    from federation.peers import Peer, PeerBook
    from federation.remembered import Memory

LIVE_US = 60 * SECOND_US


class Standings:
    """The answers of the Peers port that need no call."""

    def __init__(self, town: Town, book: "PeerBook", now: Callable[[], int]) -> None:
        self.town = town
        self.book = book
        self.now = now
        self._boards: dict[str, Board] = {}

    @property
    def boards(self) -> "dict[str, Board]":
        """The sets as exchanges see them, by wasteland."""
        return self._boards

    def report(self, peer: "Peer", board: "Board | None", *, reached: bool) -> PeerReport:
        """One peer as last heard."""
        standing = board.standing(peer.key) if board is not None else None
        if standing is None:
            return PeerReport(
                name=peer.label,
                key=peer.key,
                address=first_address(peer),
                carries=peer.carries,
            )
        said = standing.report
        age = (self.now() - standing.heard_at) // SECOND_US if standing.heard_at else None
        soon = max(0, (standing.next_at - self.now()) // SECOND_US) if standing.next_at else None
        return PeerReport(
            name=peer.label,
            key=peer.key,
            address=first_address(peer),
            reached=reached,
            they_lack=said.they_lack if said is not None else None,
            we_lack=said.we_lack if said is not None else None,
            sent=said.sent if said is not None and reached else 0,
            received=said.received if said is not None and reached else 0,
            we_refuse=said.refused.get(QUOTA, 0) if said is not None else 0,
            they_refuse=said.they_refused.get(QUOTA, 0) if said is not None else 0,
            heard_s=age,
            next_try_s=soon,
            round_trip_ms=standing.rtt_us // 1000 if standing.rtt_us else None,
            calls=_calls(standing.we_call, standing.they_call),
            error=standing.error,
            carries=peer.carries,
        )

    def reach(self, wasteland: str, home: Home) -> Reach:
        """Whether this device is there to answer: heard within the last minute."""
        board = self._boards.get(wasteland)
        standing = board.standings.get(home.device) if board is not None else None
        if standing is not None and standing.heard_at:
            age = self.now() - standing.heard_at
            live = age < LIVE_US and not standing.error
            return Reach(live=live, last_heard_s=age // SECOND_US)
        carriers = [peer.label for peer in self.book.of(wasteland) if peer.key != home.device]
        met = tuple(board.standings.values()) if board is not None else ()
        live = any(standing.heard_at for standing in met)
        return Reach(live=live and bool(carriers), via=", ".join(carriers))

    def standing(self, wasteland: str) -> Standing:
        """How the town stands to the peers of a wasteland."""
        peers = self.book.of(wasteland)
        board = self._boards.get(wasteland)
        heard = [
            standing.heard_at
            for key, standing in (tuple(board.standings.items()) if board is not None else ())
            if standing.heard_at and any(peer.key == key for peer in peers)
        ]
        age = (self.now() - max(heard)) // SECOND_US if heard else None
        unsent, copies = self._elsewhere(wasteland, board)
        return Standing(
            peers=len(peers),
            heard=len(heard),
            live=sum(self.is_live(peer, board) for peer in peers),
            heard_s=age,
            unsent=unsent,
            copies=copies,
        )

    def _elsewhere(self, wasteland: str, board: "Board | None") -> tuple[int, int]:
        """Records of this machine's chain that no peer is known to hold; peers that hold all."""
        device = self.town.device
        journal = self.town.ledgers.get(wasteland)
        if device is None or journal is None or not self.book.of(wasteland):
            return 0, 0
        key = ChainKey(wasteland, self.town.account, str(device.device))
        head = journal.head(key)
        if head is None:
            return 0, 0
        known = (
            [self._acknowledged(memory, key) for memory in tuple(board.memories.values())]
            if board
            else []
        )
        copies = sum(count >= head.counted for count in known)
        return head.counted - max(known, default=0), copies

    @staticmethod
    def _acknowledged(memory: "Memory", key: ChainKey) -> int:
        last = memory.last
        mark = last.parts[0].get(key.digest) if last is not None else None
        return mark.seq + 1 if mark is not None else 0

    def seen_by(self, wasteland: str, key: ChainKey, seq: int) -> Sequence[str]:
        """Names of the peers that acknowledged a chain at least up to this seq."""
        board = self._boards.get(wasteland)
        if board is None:
            return ()
        return [
            peer.label
            for peer in self.book.of(wasteland)
            if self._acknowledged(board.memory(peer.key), key) > seq
        ]

    def home_of(self, wasteland: str, name: str) -> Home | None:
        """The account and device of a peer of this name."""
        found = [peer for peer in self.book.called(name) if wasteland in peer.wastelands]
        if len(found) != 1 or not found[0].account:
            return None
        return Home(found[0].account, found[0].key)

    def ahead_s(self) -> int | None:
        """No peer was asked for its time."""
        return None

    def list(self) -> Sequence[PeerReport]:
        """Every peer, as last heard."""
        found = []
        for peer in self.book.all():
            boards = [self._boards.get(wasteland) for wasteland in peer.wastelands]
            board = next((board for board in boards if board is not None), None)
            found.append(self.report(peer, board, reached=self.is_live(peer, board)))
        return found

    def is_live(self, peer: "Peer", board: "Board | None") -> bool:
        """Whether the peer was heard within the last minute."""
        standing = board.standings.get(peer.key) if board is not None else None
        if standing is None or not standing.heard_at:
            return False
        return self.now() - standing.heard_at < LIVE_US and not standing.error


def first_address(peer: "Peer") -> str:
    """Where the peer is called first; empty where it calls us."""
    return peer.addresses[0] if peer.addresses else ""


def _calls(we: object, they: object) -> str:
    return "both" if we and they else "we" if we else "they" if they else ""
