"""Requests between nodes, signed as RFC 9421 says: method, path, query, digest, audience.

The audience is the callee's key, so that a request to one node is worth nothing at another; a nonce
and a window of a minute make it worth nothing twice. It vouches for the hop alone: records carry
their own signatures.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

from federation.transport.nonces import FullError, Nonces
from stamps.errors import KeyRefusedError, WastelandError
from stamps.identity import DeviceKey, check_key, public_key_of

AUDIENCE: Final = "wl-audience"
TAG: Final = "wasteland"
WINDOW: Final = dt.timedelta(seconds=60)
ANY_TIME: Final = dt.timedelta(days=3_650)  # the window is judged here, by the node's own clock
NONCE_CHARS_MAX: Final = 64  # each is kept for minutes
COVERED: Final = ("@method", "@path", "@query", AUDIENCE)
REQUIRED: Final = frozenset(f'"{name}"' for name in (*COVERED, "content-digest"))
KEYS_CACHED_MAX: Final = 1_024


class RequestRefusedError(WastelandError):
    """A request was not signed by a key, for this node, just now, once. `reason` says which."""

    code: ClassVar[str] = "request.signature"
    hint: ClassVar[str] = "Sign it with the node's key, for this node; look at both clocks."

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(f"{reason}: {why}")
        self.reason = reason


@dataclass(slots=True)
class Message:
    """A request as the library reads it: `url` absolute, header names in lower case."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class _Keys(HTTPSignatureKeyResolver):
    """Keys by did:key; only our own can sign."""

    def __init__(self, own: DeviceKey | None = None) -> None:
        self.own = own

    def resolve_private_key(self, key_id: str) -> Any:
        if self.own is None or key_id != self.own.device:
            raise KeyError(key_id)
        return Ed25519PrivateKey.from_private_bytes(self.own.seed)

    def resolve_public_key(self, key_id: str) -> Any:
        return _public_key(key_id)


@lru_cache(maxsize=KEYS_CACHED_MAX)
def _public_key(key_id: str) -> Ed25519PublicKey:
    check_key(key_id)  # libsodium's rule: no small-order key
    return Ed25519PublicKey.from_public_bytes(public_key_of(key_id))


def sign_request(
    message: Message, *, key: DeviceKey, audience: str, nonce: str, now: int, body: bytes
) -> None:
    """The message has the headers that prove it; `now` in microseconds."""
    message.headers[AUDIENCE] = audience
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_Keys(key))
    signer.sign(
        message,
        key_id=str(key.device),
        created=dt.datetime.fromtimestamp(now // 1_000_000, dt.UTC),
        nonce=nonce,
        tag=TAG,
        covered_component_ids=COVERED,
        body=body,
    )


def _require_covered(covered: Iterable[str]) -> None:
    """Raise RequestRefusedError unless all that makes this request is signed.

    The library would do it, and read each name three times over: a third of its time.
    """
    missing = REQUIRED.difference(covered)
    if missing:
        raise RequestRefusedError("signature", f"{min(missing)} is not signed")


class Verifier:
    """Says whose request it is."""

    def __init__(
        self,
        *,
        audience: Callable[[], str],
        now: Callable[[], int],
        known: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.audience = audience
        self.now = now
        self.known = known
        self.peers = Nonces()
        self.strangers = Nonces()

    def caller_of(self, message: Message, body: bytes) -> str:
        """The did:key that signed this request. Raises RequestRefusedError."""
        if message.headers.get(AUDIENCE) != self.audience():
            raise RequestRefusedError("audience", "the request is not for this node")
        verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=_Keys())
        verifier.max_clock_skew = ANY_TIME
        try:
            [result] = verifier.verify(
                message,
                max_age=WINDOW,
                expect_tag=TAG,
                body=body,
            )
            _require_covered(result.covered_components)
        except (HTTPMessageSignaturesException, KeyRefusedError, ValueError) as error:
            raise RequestRefusedError("signature", str(error)[:200]) from None
        key, nonce = str(result.parameters["keyid"]), str(result.parameters.get("nonce", ""))
        created = int(result.parameters.get("created", 0))
        self._check_time(created)
        if not 0 < len(nonce) <= NONCE_CHARS_MAX:
            raise RequestRefusedError("nonce", f"{len(nonce)} characters")
        self._take_nonce(key, nonce, until_s=created + int(WINDOW.total_seconds()))
        return key

    def _take_nonce(self, key: str, nonce: str, *, until_s: int) -> None:
        """The request is worth nothing again, also if its author became a peer by it."""
        if self.peers.holds(key, nonce) or self.strangers.holds(key, nonce):
            raise RequestRefusedError("nonce", "the request came before")
        table = self.peers if self.known(key) else self.strangers
        try:
            table.take(key, nonce, until_s=until_s, now_s=self.now() // 1_000_000)
        except FullError:
            raise RequestRefusedError("nonce", "too many requests within a minute") from None

    def _check_time(self, created: int) -> None:
        if abs(self.now() // 1_000_000 - created) > WINDOW.total_seconds():
            raise RequestRefusedError("created", "the request is older than a minute")
