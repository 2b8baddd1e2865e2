"""How this town knocks at a node whose invite it was given, and what it believes of the answer.

Nothing of the town is changed before the answer holds the wasteland's genesis, its signature good.
An address that a person pasted may lie on the own network, and is called there later only if it lay
there then: a name that leads inside afterwards is refused like anybody's.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from federation.invite import InviteError, Token
from federation.peers import Peer
from federation.transport.client import Client, NotMetError, PeerDownError
from federation.transport.guard import AddressError
from federation.transport.server import body_json
from ledger.journal import Journal
from ledger.memory import MemoryStore
from stamps.errors import BadRecordError, WastelandError
from stamps.kinds import is_id
from stamps.record import Envelope, parse_line, to_line
from town.market.errors import HandleError
from town.market.founding import own_entries
from town.market.membership import check_handle
from town.market.town import Town

OPENING_LINES_MAX = 1_100  # an account's log and a genesis


@dataclass(frozen=True, slots=True)
class Opened:
    """Who opened a wasteland to us."""

    account: str
    name: str


def join_body(town: Town, secret: bytes, handle: str, addresses: tuple[str, ...]) -> bytes:
    """What a newcomer says: the secret, its wish for a name, how it is reached, who it is."""
    lines = [to_line(entry).decode() for entry in own_entries(town)]
    facts = {
        "secret": secret.hex(),
        "handle": handle,
        "addresses": list(addresses),
        "lines": lines,
    }
    return json.dumps(facts).encode()


async def knock(client: Client, token: Token, body: bytes) -> tuple[Peer, bytes]:
    """The node behind the token as a peer, and its answer. Raises NotMetError and others."""
    failure: WastelandError = NotMetError(token.name, "the invite has no address")
    for address in token.via:
        for private in (False, True):
            peer = Peer(
                key=token.key,
                name=token.name,
                addresses=(address,),
                wastelands=(token.wasteland,),
                allow_private=private,
            )
            path = f"/v1/w/{token.wasteland}/redeem"
            try:
                answer = await client.call(peer, "POST", path, body)
            except AddressError as error:
                failure = error
            except PeerDownError as error:
                failure = NotMetError(error.peer, error.cause)
                break
            else:
                return replace(peer, addresses=token.via), answer
    raise failure


def learn_opening(town: Town, wasteland: str, answer: bytes, *, now: Callable[[], int]) -> Opened:
    """The ledger of the wasteland has its genesis; who sent it. Raises InviteError."""
    facts = body_json(answer)
    envelopes = _envelopes(facts.get("lines"))
    looked_at = Journal.open(MemoryStore(), wasteland=wasteland)
    looked_at.record(envelopes, now=now())
    if looked_at.genesis() is None:
        raise InviteError("genesis", "the inviter did not send the wasteland's genesis")
    journal = town.ledgers.get(wasteland) or town.enter(wasteland)
    journal.record(envelopes, now=now())
    return Opened(said_account(facts.get("account")), said_name(facts.get("name")))


def _envelopes(lines: Any) -> list[Envelope]:
    if not isinstance(lines, list) or len(lines) > OPENING_LINES_MAX:
        raise InviteError("form", "the inviter's answer is not whole")
    try:
        return [parse_line(str(line).encode("utf-8", "replace")) for line in lines]
    except BadRecordError as error:
        raise InviteError("form", f"the inviter's answer is not whole: {error}") from None


def said_account(said: Any) -> str:
    """The account that a node says it is of, or nothing."""
    return said if is_id(said) else ""


def said_name(said: Any) -> str:
    """What a node says it is called, or nothing where that can be no name: a key, for example."""
    try:
        check_handle(str(said))
    except HandleError:
        return ""
    return str(said)
