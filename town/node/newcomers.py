"""What a newcomer says when it knocks: who it is, its secret, its wish for a name, its addresses.

Read whole before anything is looked up, so that a wrong form is told alike for every board.
"""

import ipaddress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from federation.invite import InviteError
from federation.peers import Peer
from federation.transport.guard import AddressError, check_url, is_public
from stamps.errors import BadRecordError
from stamps.record import Envelope, parse_line
from town.market.membership import check_handle

LOG_LINES_MAX = 1_100
ADDRESSES_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """One knock. `secret` is empty for a member's new device, which needs no invite."""

    caller: str
    remote: str
    account: str
    envelopes: list[Envelope]
    secret: bytes
    handle: str
    addresses: list[Any]

    def as_peer(self, wasteland: str, *, name: str) -> Peer:
        """The newcomer as a peer, reached where it may be believed to be."""
        peer = Peer(key=self.caller, name=name, account=self.account, wastelands=(wasteland,))
        return _reached_at(peer, self.addresses, self.remote)


def newcomer_of(facts: dict[str, Any], *, caller: str, remote: str) -> Newcomer:
    """The newcomer of these facts. Raises InviteError and others."""
    account, envelopes = _account(facts, caller)
    secret, handle = _secret(facts), str(facts.get("handle", ""))
    if secret:
        check_handle(handle)
    said = facts.get("addresses")
    return Newcomer(
        caller=caller,
        remote=remote,
        account=account,
        envelopes=envelopes,
        secret=secret,
        handle=handle,
        addresses=said[:ADDRESSES_MAX] if isinstance(said, list) else [],
    )


def _secret(facts: dict[str, Any]) -> bytes:
    try:
        return bytes.fromhex(str(facts.get("secret", "")))
    except ValueError:
        raise InviteError("form", "no secret") from None


def _account(facts: dict[str, Any], caller: str) -> tuple[str, list[Envelope]]:
    """The account that the lines are of, and they themselves, not verified yet."""
    lines = facts.get("lines")
    if not isinstance(lines, list) or not 0 < len(lines) <= LOG_LINES_MAX:
        raise InviteError("form", "no account log")
    try:
        envelopes = [parse_line(str(line).encode("utf-8", "replace")) for line in lines]
    except BadRecordError as error:
        raise InviteError("form", str(error)) from None
    accounts = {envelope.record.account for envelope in envelopes}
    if len(accounts) != 1:
        raise InviteError("account", f"{caller[:24]} sent more than one account")
    return str(accounts.pop()), envelopes


def _reached_at(peer: Peer, said: list[Any], remote: str) -> Peer:
    """The peer with its addresses; a private one is believed only where it calls from there."""
    addresses = []
    private = False
    for one in said:
        try:
            own = _is_private(remote) and urlsplit(str(one)).hostname == remote
            addresses.append(check_url(str(one), allow_private=own))
            private |= own
        except (AddressError, ValueError):
            continue
    return replace(peer, addresses=tuple(addresses), allow_private=private)


def _is_private(remote: str) -> bool:
    try:
        return not is_public(ipaddress.ip_address(remote))
    except ValueError:
        return False
