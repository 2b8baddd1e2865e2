"""The side of an exchange that is asked: each message is answered by itself.

It keeps nothing between messages but what `Memory` holds, and uses nothing of a message that breaks
the protocol.
"""

from collections.abc import Callable
from itertools import chain
from typing import Final

from federation.compare import Verdict, compare
from federation.contents import lines_of
from federation.errors import Fault, PeerError
from federation.frontier import NONCE_BYTES, FrontierSaid, decode_frontier
from federation.letters import (
    Answer,
    Parcel,
    What,
    decode_parcel,
    encode_answer,
    encode_parcel,
    encode_root,
    fitting,
)
from federation.limits import MESSAGE_BYTES_MAX
from federation.negentropy import SCATTER_LEAF, SCATTER_SPLIT, ReconcileError, Responder
from federation.remembered import Memory, Outlines
from ledger.replica import Received, Replica
from stamps.record import to_line

FINE: Final = frozenset({"ok", "fork", "pinned", "held"})


def refusals(received: Received) -> dict[str, int]:
    """What was not taken, by code."""
    return {code: count for code, count in received.codes.items() if code not in FINE}


class Answerer:
    """The side that is asked. It keeps nothing between messages but what `Memory` holds."""

    def __init__(
        self,
        replica: Replica,
        memory_of: Callable[[str], Memory],
        *,
        new_secret: Callable[[], bytes],
        outlines: Outlines | None = None,
    ) -> None:
        self.replica = replica
        self.memory_of = memory_of
        self.new_secret = new_secret
        self.outlines = outlines or Outlines(replica)
        self.gained = 0  # records that were new, over all peers

    def answer(self, what: What, body: bytes, *, peer: str, now: int) -> bytes:
        """The answer to a message of this peer; `now` in microseconds. Raises PeerError."""
        if len(body) > MESSAGE_BYTES_MAX:
            raise PeerError(Fault.SIZE, f"{len(body)} bytes")
        memory = self.memory_of(peer)
        if len(memory.own_nonce) != NONCE_BYTES:
            memory.own_nonce = self.new_secret()
        if what == "root":
            return encode_root(self.outlines.now().root, memory.own_nonce)
        if what == "frontier":
            return self._frontier(decode_frontier(body), memory)
        if what == "records":
            return self._records(decode_parcel(body), memory, peer, now)
        return self._reconcile(body)

    def _frontier(self, said: FrontierSaid, memory: Memory) -> bytes:
        ours = self.outlines.now()
        nonce = memory.own_nonce
        if said.nonces.answerer != nonce:
            return encode_answer(Answer(verdict=Verdict.STALE, nonce=nonce, root=ours.root))
        base = memory.acknowledged.get(said.base) if said.base is not None else None
        found = compare(said, ours, base=base, slot=self.outlines.slot)
        if found.verdict is Verdict.EQUAL:
            memory.save(ours)
        if found.verdict is not Verdict.ANSWERED:
            return encode_answer(Answer(verdict=found.verdict, nonce=nonce, root=ours.root))
        lines, memory.rest = fitting(lines_of(self.replica, ours, found))
        return encode_answer(
            Answer(
                verdict=Verdict.ANSWERED,
                nonce=nonce,
                root=ours.root,
                they_lack=found.they_lack,
                we_lack=found.we_lack,
                wishes=tuple(tuple(wishes) for wishes in found.wishes),
                more=memory.rest is not None,
                lines=lines,
            )
        )

    def _records(self, parcel: Parcel, memory: Memory, peer: str, now: int) -> bytes:
        received = self.replica.receive(parcel.lines, now=now, peer=peer)
        self.gained += received.accepted
        wanted = self.replica.entries(one.hex() for one in parcel.wants)
        answers = map(to_line, chain(received.answers, wanted))
        # Only a question for nothing else is given the rest: what is asked for beside it would be
        # put before it, and what waits would grow with each question.
        alone = parcel.more and not parcel.wants and not parcel.lines
        rest = memory.rest if alone and memory.rest is not None else ()
        lines, left = fitting(chain(answers, rest))
        if parcel.more or left is not None:
            memory.rest = left
        ours = self.outlines.now()
        if ours.root == parcel.root:
            memory.save(ours)
        return encode_parcel(
            Parcel(
                root=ours.root,
                accepted=received.accepted,
                refused=tuple(sorted(refusals(received).items())),
                more=left is not None,
                lines=lines,
            )
        )

    def _reconcile(self, body: bytes) -> bytes:
        try:
            return Responder(
                self.outlines.index(), split=SCATTER_SPLIT, leaf=SCATTER_LEAF
            ).received(body)
        except ReconcileError as error:
            raise PeerError(Fault.FORM, str(error)) from error
