"""What a request's signature must cover: a part that it leaves out could be anybody's."""

import datetime as dt

import pytest
from http_message_signatures import HTTPMessageSigner, algorithms

from federation.transport.signing import (
    AUDIENCE,
    COVERED,
    NONCE_CHARS_MAX,
    TAG,
    Message,
    RequestRefusedError,
    Verifier,
    _Keys,
    sign_request,
)
from stamps.identity import DeviceKey

NOW = 1_790_000_000_000_000
CALLER = DeviceKey.from_seed(b"1" * 32)
CALLEE = DeviceKey.from_seed(b"2" * 32)


def request() -> Message:
    """A question for the root of some wasteland."""
    return Message("GET", f"http://127.0.0.1:8000/v1/w/{'a' * 64}/root?q=1", {"host": "127.0.0.1"})


def verifier() -> Verifier:
    """The callee's."""
    return Verifier(audience=lambda: str(CALLEE.device), now=lambda: NOW)


def signed(covered: tuple[str, ...], body: bytes | None) -> Message:
    """The request with a good signature over these parts alone."""
    message = request()
    message.headers[AUDIENCE] = str(CALLEE.device)
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_Keys(CALLER))
    signer.sign(
        message,
        key_id=str(CALLER.device),
        created=dt.datetime.fromtimestamp(NOW // 1_000_000, dt.UTC),
        nonce="n",
        tag=TAG,
        covered_component_ids=covered,
        body=body,
    )
    return message


def test_a_request_that_covers_everything_is_the_callers():
    """As a node signs it."""
    message = request()
    sign_request(message, key=CALLER, audience=str(CALLEE.device), nonce="n", now=NOW, body=b"x")
    assert verifier().caller_of(message, b"x") == CALLER.device


@pytest.mark.parametrize("left_out", COVERED)
def test_a_request_that_leaves_a_part_out_is_refused(left_out):
    """The method, the path, the query, the audience: each must be signed."""
    message = signed(tuple(part for part in COVERED if part != left_out), b"")
    with pytest.raises(RequestRefusedError, match=f'"{left_out}" is not signed'):
        verifier().caller_of(message, b"")


def test_a_request_whose_body_is_not_signed_is_refused():
    """Not even an empty body goes without its digest."""
    with pytest.raises(RequestRefusedError, match="content-digest"):
        verifier().caller_of(signed(COVERED, None), b"")


@pytest.mark.parametrize("length", [0, 1, NONCE_CHARS_MAX, NONCE_CHARS_MAX + 1, 4_000])
def test_a_nonce_is_short_for_it_is_remembered(length):
    """Whoever is a stranger says how long it is: no nonce, and no long one."""
    message, audience = request(), str(CALLEE.device)
    sign_request(message, key=CALLER, audience=audience, nonce="n" * length, now=NOW, body=b"")
    if length in (1, NONCE_CHARS_MAX):
        assert verifier().caller_of(message, b"") == CALLER.device
        return
    with pytest.raises(RequestRefusedError, match=f"nonce: {length} characters"):
        verifier().caller_of(message, b"")


def test_a_name_with_a_parameter_is_another_part():
    """`"@query-param";name="q"` says nothing of the whole query."""
    parts = tuple(part for part in COVERED if part != "@query")
    message = signed((*parts, '"@query-param";name="q"'), b"")
    with pytest.raises(RequestRefusedError, match='"@query" is not signed'):
        verifier().caller_of(message, b"")
