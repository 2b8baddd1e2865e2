"""Requests that came before, and callers by the thousand: who keeps out whom, and who does not."""

import pytest

from federation.transport.limits import caller_at
from federation.transport.nonces import AHEAD_S_MAX, SHARES, FullError, Nonces
from federation.transport.signing import AUDIENCE, Message, RequestRefusedError, Verifier
from federation.transport.signing import sign_request as sign
from stamps.identity import DeviceKey

CALLEE, CALLER, OTHER = (DeviceKey.from_seed(bytes([n]) * 32) for n in (7, 8, 9))
NOW_S = 1_800_000_000


def test_a_crowd_of_fresh_keys_keeps_out_no_peer():
    """Strangers fill their table and are refused; a peer's next request is taken."""
    known = {str(CALLER.device)}
    verifier = Verifier(
        audience=lambda: str(CALLEE.device),
        now=lambda: NOW_S * 1_000_000,
        known=known.__contains__,
    )
    for number in range(verifier.strangers.most):
        verifier.strangers.take(f"key {number}", "n", until_s=NOW_S + 60, now_s=NOW_S)
    with pytest.raises(RequestRefusedError, match="too many"):
        verifier.caller_of(asked(OTHER, "n"), b"")
    assert verifier.caller_of(asked(CALLER, "n"), b"") == str(CALLER.device)


def test_a_request_by_which_somebody_became_a_peer_is_worth_nothing_again():
    """It stands in the table of strangers, and is found there."""
    known: set[str] = set()
    verifier = Verifier(
        audience=lambda: str(CALLEE.device),
        now=lambda: NOW_S * 1_000_000,
        known=known.__contains__,
    )
    joins = asked(CALLER, "n")
    verifier.caller_of(joins, b"")
    known.add(str(CALLER.device))
    with pytest.raises(RequestRefusedError, match="came before"):
        verifier.caller_of(joins, b"")


def asked(key: DeviceKey, nonce: str) -> Message:
    """A request signed just now."""
    message = Message("GET", "http://127.0.0.1:8000/v1/ping", {"host": "127.0.0.1"})
    audience = str(CALLEE.device)
    sign(message, key=key, audience=audience, nonce=nonce, now=NOW_S * 1_000_000, body=b"")
    assert message.headers[AUDIENCE] == audience
    return message


def test_one_key_has_a_share_and_its_time_gives_it_back():
    """A peer gone mad is refused alone, and not for ever; what is remembered stays bounded."""
    table = Nonces(most=4 * SHARES)
    for number in range(4):
        table.take("mad", str(number), until_s=NOW_S + 60, now_s=NOW_S)
    with pytest.raises(FullError):
        table.take("mad", "5", until_s=NOW_S + 60, now_s=NOW_S)
    table.take("calm", "0", until_s=NOW_S + 60, now_s=NOW_S)
    assert table.holds("mad", "0")
    table.take("mad", "6", until_s=NOW_S + 121, now_s=NOW_S + 61)
    assert len(table) == 1


def test_what_a_clock_that_ran_ahead_left_holds_no_place_once_it_is_right_again():
    """An hour ahead for a while, then set right: the table serves at once."""
    table = Nonces(most=SHARES)
    ahead = NOW_S + 3_600
    for number in range(SHARES):
        table.take(f"key {number}", "n", until_s=ahead + 60, now_s=ahead)
    with pytest.raises(FullError):
        table.take("late", "n", until_s=ahead + 60, now_s=ahead)
    table.take("now", "n", until_s=NOW_S + AHEAD_S_MAX, now_s=NOW_S)
    assert len(table) == 1


@pytest.mark.parametrize(
    ("remote", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, ""),
        ("@unix", "@unix"),
    ],
)
def test_a_caller_is_its_network_where_addresses_cost_nothing(remote, caller):
    """In IPv6 whoever has one address has billions: limits count the network (H45)."""
    assert caller_at(remote) == caller
