"""One exchange between two ledgers, without any network: messages in, messages out.

The caller asks and the answerer answers, each message by itself. What is new since both were equal
goes first; layer 1 compares frontiers and streams what either lacks; when the roots still differ,
layer 2 (Negentropy) finds the rest. Nothing is called equal but equal roots of what is stored
(records 2.2-2.5).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Final

from federation.answerer import refusals
from federation.compare import Verdict
from federation.contents import news, wished_lines
from federation.errors import Fault, PeerError
from federation.frontier import (
    NONCE_BYTES,
    PREFIX_BYTES,
    Nonces,
    Spoken,
    describe,
    encode_frontier,
    longer,
)
from federation.intake import Intake
from federation.letters import (
    CODES_MAX,
    IDS_MAX,
    Answer,
    Parcel,
    What,
    decode_answer,
    decode_parcel,
    decode_root,
    encode_parcel,
    fitting,
)
from federation.limits import MESSAGE_BYTES_MAX
from federation.negentropy import SCATTER_LEAF, SCATTER_SPLIT, Initiator, ReconcileError
from federation.remembered import Memory, Outlines
from ledger.checks import BULK_MIN, Checks
from ledger.quota import QUOTA
from ledger.replica import Received, Replica
from stamps.record import to_line

ASKS_WITHOUT_PROGRESS_MAX: Final = 16
ASKS_MAX: Final = 20_000
COMPARES_MAX: Final = 16  # frontiers in one exchange: a peer's word that it took records is cheap,
RECEIVED_FOR_ONE: Final = 64  # and one more for so many records that came: these are not
AUDITS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Ask:
    """One message to the peer; the next step comes with its answer."""

    what: What
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an exchange came to; `they_lack` and `we_lack` are None while unknown.

    `refused` counts by code what we did not take, `they_refused` what they did not; `layer2` says
    that frontiers did not suffice.
    """

    equal: bool
    root: bytes
    sent: int = 0
    received: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    they_refused: Mapping[str, int] = field(default_factory=dict)
    they_lack: int | None = None
    we_lack: int | None = None
    asks: int = 0
    layer2: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The exchange is over."""

    report: Report


class Caller:
    """The side that asks. One object is one exchange."""

    def __init__(
        self,
        replica: Replica,
        memory: Memory,
        *,
        new_secret: Callable[[], bytes],
        outlines: Outlines | None = None,
        peer: str = "",
        checks: Checks | None = None,
    ) -> None:
        self.replica = replica
        self.intake = Intake(replica, checks)
        self.memory = memory
        self.peer = peer
        self.new_secret = new_secret
        self.outlines = outlines or Outlines(replica)
        self._next: Callable[[bytes, int], Ask | Done] | None = None
        self._compared = 0  # how often a frontier was said
        self._prefix_bytes = PREFIX_BYTES
        self._full = False
        self._their_root = b""
        self._outbox: Iterator[bytes] = iter(())
        self._have: dict[bytes, None] = {}
        self._need: dict[bytes, None] = {}
        self._progress = 0
        self._wants: list[bytes] = []
        self._audits = 0
        self._asks = 0
        self._idle = 0
        self._sent = self._received = 0
        self._offered = 0  # lines of the parcel that is being answered
        self._lacks: tuple[int | None, int | None] = (None, None)
        self._wished: Callable[[], Iterable[bytes]] = tuple  # lines, by the last frontier said
        self._refused: Counter[str] = Counter()
        self._they_refused: Counter[str] = Counter()

    @property
    def gained(self) -> int:
        """Records that were new to either side so far."""
        return self._received + self._sent

    @property
    def come(self) -> tuple[int, int]:
        """Records that came so far, and that will have come, as the peer said."""
        return self._received, max(self.intake.lacked or 0, self._received)

    def begin(self, now: int) -> Ask | Done:
        """The first message: what is new since both were equal, the frontier, or only the root."""
        last, ours = self.memory.last, self.outlines.now()
        if last is None:
            return self._compare()
        if last.root == ours.root:
            return self._ask("root", b"", self._on_root)
        self._outbox = iter(news(self.replica, last, ours) or ())
        return self._send_on(now)

    def _compare(self) -> Ask:
        """The frontier; before it the root where the peer's nonce is not known."""
        if len(self.memory.nonce) != NONCE_BYTES:
            return self._ask("root", b"", self._on_root)
        return self._say_frontier()

    def received(self, body: bytes, now: int) -> Ask | Done:
        """The next step after an answer. Raises PeerError for what is no answer."""
        if self._next is None:
            raise PeerError(Fault.UNEXPECTED, "nothing was asked")
        if len(body) > MESSAGE_BYTES_MAX:
            raise PeerError(Fault.SIZE, f"{len(body)} bytes")
        return self._next(body, now)

    def _ask(self, what: What, body: bytes, then: Callable[[bytes, int], Ask | Done]) -> Ask:
        self._asks += 1
        self._idle += 1
        if self._idle > ASKS_WITHOUT_PROGRESS_MAX or self._asks > ASKS_MAX:
            raise PeerError(Fault.ROUNDS, f"not settled after {self._asks} messages")
        self._next = then
        return Ask(what, body)

    def _take(self, lines: Iterable[bytes], now: int) -> list[bytes]:
        """The lines passed the one door; what there is to say back to them."""
        lines = tuple(lines)
        if not lines:
            return []
        return self._took(self.replica.receive(lines, now=now, peer=self.peer))

    def work(self, now: int) -> None:
        """Lines of earlier answers were taken, while the peer looks out the next one."""
        while self.intake.owes:
            self._take_owed(now)

    def _take_owed(self, now: int) -> None:
        self.intake.late.update(
            dict.fromkeys(self._took(self.intake.take(now=now, peer=self.peer)))
        )

    def _took(self, outcome: Received) -> list[bytes]:
        self._received += outcome.accepted
        if outcome.accepted:
            self._idle = 0
        self._refused.update(refusals(outcome))
        back = dict.fromkeys(to_line(entry) for entry in outcome.answers)
        fresh = [line for line in back if line not in self.intake.answered]
        self.intake.answered.update(fresh)  # the same answer twice would be given for ever
        return fresh

    def _done(self) -> Done:
        ours = self.outlines.now()
        equal = ours.root == self._their_root
        if equal:
            self.memory.save(ours)
        they_lack, we_lack = (0, 0) if equal else self._lacks
        return Done(
            Report(
                equal=equal,
                root=ours.root,
                sent=self._sent,
                received=self._received,
                refused=dict(self._refused),
                they_refused=dict(self._they_refused),
                they_lack=they_lack,
                we_lack=we_lack,
                asks=self._asks,
                layer2=self._audits > 0,
            )
        )

    # --- layer 1

    def _on_root(self, body: bytes, now: int) -> Ask | Done:
        del now
        self._their_root, self.memory.nonce = decode_root(body)
        if self._their_root == self.outlines.now().root:
            return self._done()
        return self._say_frontier()

    def _say_frontier(self) -> Ask:
        self._compared += 1
        for refused in (self._refused, self._they_refused):
            refused.pop(QUOTA, None)  # what is over a quota is offered again, and told again
        base = None if self._full else self.memory.last
        spoken = describe(
            self.outlines.now(),
            Nonces(self.new_secret(), self.memory.nonce),
            base=base,
            prefix_bytes=self._prefix_bytes,
        )
        return self._ask("frontier", encode_frontier(spoken.said), partial(self._on_answer, spoken))

    def _on_answer(self, spoken: Spoken, body: bytes, now: int) -> Ask | Done:
        answer = decode_answer(body)
        self._their_root = answer.root
        self.memory.nonce = answer.nonce
        if answer.verdict is Verdict.EQUAL:
            return self._done()
        if answer.verdict is not Verdict.ANSWERED:
            return self._again(answer.verdict)
        self._lacks = answer.we_lack, answer.they_lack
        if self.intake.lacked is None:
            self.intake.lacked = answer.they_lack
        self._wished = partial(self._wished_lines, spoken, answer)
        return self._on_lines(answer.lines, more=answer.more, now=now)

    def _wished_lines(self, spoken: Spoken, answer: Answer) -> Iterable[bytes]:
        return wished_lines(self.replica, self.outlines.now(), spoken, answer.wishes)

    def _on_lines(self, lines: tuple[bytes, ...], *, more: bool, now: int) -> Ask | Done:
        """Lines of an answer; with `more` the peer remembers the rest and sends it when asked.

        One that has forgotten sends nothing: the frontier is said once more.
        """
        if more and len(lines) >= BULK_MIN:
            self.intake.offer(lines)
            return self._ask_on()
        self.intake.drain(lambda: self._take_owed(now))
        wished, self._wished = list(self._wished()), tuple
        back = [*self.intake.late, *self._take(lines, now)]
        self.intake.late.clear()
        self._outbox = chain(back, wished, self._outbox)
        return self._ask_on() if more else self._send_on(now)

    def _ask_on(self) -> Ask:
        self._offered = 0
        parcel = Parcel(root=self.outlines.now().root, more=True)
        return self._ask("records", encode_parcel(parcel), self._on_parcel)

    def _again(self, verdict: Verdict) -> Ask | Done:
        if verdict is Verdict.FULL:
            if self._full:
                return self._audit()
            self._full = True
        if verdict is Verdict.LONGER:
            self._prefix_bytes = longer(self._prefix_bytes)
        return self._say_frontier()

    # --- records both ways

    def _send_on(self, now: int) -> Ask | Done:
        """The next parcel, or what follows when all are sent."""
        lines, rest = fitting(self._outbox)
        self._outbox = rest or iter(())
        wants, self._wants = self._wants[:IDS_MAX], self._wants[IDS_MAX:]
        if not lines and not wants:
            return self._settle(now)
        self._offered = len(lines)
        parcel = Parcel(root=self.outlines.now().root, wants=tuple(wants), lines=lines)
        return self._ask("records", encode_parcel(parcel), self._on_parcel)

    def _on_parcel(self, body: bytes, now: int) -> Ask | Done:
        parcel = decode_parcel(body)
        self._their_root = parcel.root
        accepted = min(parcel.accepted, self._offered)  # what is said beyond it would be credit
        self._sent += accepted
        for code, count in parcel.refused:
            if code in self._they_refused or len(self._they_refused) < CODES_MAX:
                self._they_refused[code] += count
        if accepted:
            self._idle = 0
        return self._on_lines(parcel.lines, more=parcel.more, now=now)

    def _settle(self, now: int) -> Ask | Done:
        """Equal, or once more with what is known now, or layer 2, or an honest end."""
        del now
        if self._their_root == self.outlines.now().root:
            return self._done()
        most = COMPARES_MAX + self._received // RECEIVED_FOR_ONE
        if not self._compared or (self.gained > self._progress and self._compared < most):
            self._progress = self.gained
            return self._compare()
        if self._they_refused[QUOTA] or self._refused[QUOTA]:
            return self._done()  # records 2.2: a local refusal never leads to layer 2
        return self._audit()

    # --- layer 2

    def _audit(self) -> Ask | Done:
        if self._audits >= AUDITS_MAX:
            return self._done()
        self._audits += 1
        self._have.clear()
        self._need.clear()
        initiator = Initiator(self.outlines.index(), split=SCATTER_SPLIT, leaf=SCATTER_LEAF)
        then = partial(self._on_reconcile, initiator)
        return self._ask("reconcile", initiator.initiate(), then)

    def _on_reconcile(self, initiator: Initiator, body: bytes, now: int) -> Ask | Done:
        try:
            step = initiator.received(body)
        except ReconcileError as error:
            raise PeerError(Fault.FORM, str(error)) from error
        self._have.update(dict.fromkeys(step.have))
        self._need.update(dict.fromkeys(step.need))
        if step.message is not None:
            return self._ask("reconcile", step.message, partial(self._on_reconcile, initiator))
        self._wants = list(self._need)
        self._outbox = map(to_line, self.replica.entries(one.hex() for one in self._have))
        return self._send_on(now)
