"""The signed card of a node: who answers here, which versions it speaks, how it is reached.

Pure. A card vouches for addresses and nothing else; who may do what is in account logs.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final

from federation.errors import Fault, PeerError
from stamps import canonical
from stamps.errors import BadRecordError
from stamps.identity import DeviceKey, verify

DOMAIN: Final = b"wasteland/card/1\0"
CARD_BYTES_MAX: Final = 16_384
ADDRESSES_MAX: Final = 8
ADDRESS_CHARS_MAX: Final = 512
NAME_CHARS_MAX: Final = 255
PROTOCOL: Final = 1
FOLD: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a node says of itself. `made_at` in microseconds since 1970 UTC."""

    key: str
    account: str
    name: str
    addresses: tuple[str, ...] = ()
    carries: bool = False
    made_at: int = 0
    protocols: tuple[int, ...] = (PROTOCOL,)
    folds: tuple[int, ...] = (FOLD,)

    @property
    def speaks(self) -> bool:
        """Whether it speaks our version, or the one before or after."""
        return any(abs(version - PROTOCOL) <= 1 for version in self.protocols)


def _plain(card: Card) -> dict[str, Any]:
    return {
        "account": card.account,
        "addresses": list(card.addresses),
        "carries": 1 if card.carries else 0,
        "folds": list(card.folds),
        "key": card.key,
        "made_at": card.made_at,
        "name": card.name,
        "protocols": list(card.protocols),
    }


def signed(card: Card, key: DeviceKey) -> bytes:
    """The card's JSON with its signature; the card names this key."""
    raw = canonical.encode(_plain(card), bytes_max=CARD_BYTES_MAX)
    signature = base64.urlsafe_b64encode(key.sign(DOMAIN + raw)).decode()
    return json.dumps({"card": json.loads(raw), "signature": signature}).encode()


def read_card(raw: bytes) -> Card:
    """The card of these bytes, its signature good. Raises PeerError."""
    if len(raw) > CARD_BYTES_MAX:
        raise PeerError(Fault.SIZE, "a card that is too large")
    try:
        whole = json.loads(raw)
        said = whole["card"]
        signature = base64.urlsafe_b64decode(str(whole["signature"]))
        message = DOMAIN + canonical.encode(said, bytes_max=CARD_BYTES_MAX)
        card = _card(said)
    except (ValueError, KeyError, TypeError, RecursionError, BadRecordError):
        raise PeerError(Fault.FORM, "no card") from None
    if not verify(device=card.key, message=message, signature=signature):
        raise PeerError(Fault.FORM, "a card that its key did not sign")
    return card


def _card(said: dict[str, Any]) -> Card:
    addresses = [str(one)[:ADDRESS_CHARS_MAX] for one in said["addresses"][:ADDRESSES_MAX]]
    return Card(
        key=str(said["key"]),
        account=str(said["account"]),
        name=str(said["name"])[:NAME_CHARS_MAX],
        addresses=tuple(addresses),
        carries=bool(said["carries"]),
        made_at=int(said["made_at"]),
        protocols=tuple(int(one) for one in said["protocols"][:ADDRESSES_MAX]),
        folds=tuple(int(one) for one in said["folds"][:ADDRESSES_MAX]),
    )
