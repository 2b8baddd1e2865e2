"""The peers of a single command: known from notes, called only when the command asks for it.

Most commands talk to nobody, and should not pay for being able to. The first one that does brings
in the whole desk of `peers.py`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from federation.blobs import Blob
from federation.peers import PeerBook
from town.market.ports import FETCH_S, Invitation, PeerReport, Redeemed
from town.market.town import Town
from town.node.blob_files import BlobFiles
from town.node.config import Config
from town.node.standing import Standings
from town.node.writer import Writer

if TYPE_CHECKING:
    from town.node.peers import PeerDesk


class QuietPeers(Standings):
    """The Peers port where no node runs."""

    def __init__(
        self,
        *,
        town: Town,
        config: Config,
        writer: Writer,
        now: Callable[[], int],
        new_secret: Callable[[], bytes],
        progress: Callable[[int, int], None],
        files: BlobFiles,
    ) -> None:
        book: PeerBook = writer.run(lambda: PeerBook(town.self_ledger.store))
        super().__init__(town, book, now)
        self.config = config
        self.writer = writer
        self.new_secret = new_secret
        self.progress = progress
        self.files = files
        self._desk: PeerDesk | None = None

    def _loud(self) -> "PeerDesk":
        """The desk that can call; its standings are ours from now on."""
        if self._desk is None:
            from town.node.peers import PeerDesk  # noqa: PLC0415  # HTTP, only when asked for

            self._desk = PeerDesk(
                town=self.town,
                config=self.config,
                writer=self.writer,
                now=self.now,
                new_secret=self.new_secret,
                resident=False,
                progress=self.progress,
                files=self.files,
            )
            self.book, self._boards = self._desk.book, self._desk.boards
        return self._desk

    def push(self, wasteland: str) -> None:
        """Nothing goes out by itself."""

    def sync(
        self, wasteland: str | None, *, only: str = "", timeout_s: float = 30.0
    ) -> Sequence[PeerReport]:
        """Each peer, or the one named, was asked for and told what either side lacks."""
        return self._loud().sync(wasteland, only=only, timeout_s=timeout_s)

    def invite(self, wasteland: str, *, count: int, expires_s: int, via: str = "") -> Invitation:
        """A token, left with a carrier: this process cannot redeem it."""
        return self._loud().invite(wasteland, count=count, expires_s=expires_s, via=via)

    def redeem(self, token: str, *, handle: str, timeout_s: float = 30.0) -> Redeemed:
        """The wasteland behind the token is in a ledger of this town."""
        return self._loud().redeem(token, handle=handle, timeout_s=timeout_s)

    def add(self, address: str, *, allow_private: bool) -> PeerReport:
        """The node at this address is a peer."""
        return self._loud().add(address, allow_private=allow_private)

    def remove(self, name: str) -> PeerReport:
        """The peer is one no more."""
        return self._loud().remove(name)

    def ping(self, name: str) -> PeerReport:
        """Whether a peer answers, and how fast."""
        return self._loud().ping(name)

    def fetch_blob(
        self, wasteland: str, blob: Blob, *, worker: str = "", timeout_s: float = FETCH_S
    ) -> str:
        """The blob is here; the name of the peer that had it."""
        return self._loud().fetch_blob(wasteland, blob, worker=worker, timeout_s=timeout_s)

    def ahead_s(self) -> int | None:
        """How far our clock is ahead of the peers', where any was called."""
        return self._desk.ahead_s() if self._desk is not None else None

    def close(self) -> None:
        """No connection is left."""
        if self._desk is not None:
            self._desk.close()
