"""The nodes this one talks to: known by key, found by invite, by address or by a call.

Values and their notes; it opens no connection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

SPACE: Final = "peers"
PEERS_MAX: Final = 10_000  # strangers' devices beyond it are served and not remembered
PREFIX_MIN: Final = 4


class Notes(Protocol):
    """Where peers are remembered: the town's own store."""

    def documents(self, space: str) -> Mapping[str, Any]:
        """All notes of a space."""
        ...

    def put(self, space: str, key: str, value: Any | None) -> None:
        """The note is durable; None removes it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One node. `wastelands` are those it was met for; `allow_private` was said by hand."""

    key: str
    name: str = ""
    account: str = ""
    addresses: tuple[str, ...] = ()
    wastelands: tuple[str, ...] = ()
    allow_private: bool = False
    carries: bool = False

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.key.removeprefix("did:key:")[:12]


def _note(peer: Peer) -> dict[str, Any]:
    return {
        "name": peer.name,
        "account": peer.account,
        "addresses": list(peer.addresses),
        "wastelands": list(peer.wastelands),
        "allow_private": peer.allow_private,
        "carries": peer.carries,
    }


def _peer(key: str, note: Mapping[str, Any]) -> Peer:
    return Peer(
        key=key,
        name=str(note.get("name", "")),
        account=str(note.get("account", "")),
        addresses=tuple(note.get("addresses", ())),
        wastelands=tuple(note.get("wastelands", ())),
        allow_private=bool(note.get("allow_private")),
        carries=bool(note.get("carries")),
    )


class PeerBook:
    """Every peer by its key, remembered across starts."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._peers = {key: _peer(key, note) for key, note in notes.documents(SPACE).items()}

    def all(self) -> list[Peer]:
        """Every peer, by label."""
        return sorted(self._peers.values(), key=lambda peer: (peer.label, peer.key))

    def get(self, key: str) -> Peer | None:
        """The peer of a key."""
        return self._peers.get(key)

    def of(self, wasteland: str) -> list[Peer]:
        """The peers for one wasteland."""
        return [peer for peer in self.all() if wasteland in peer.wastelands]

    @property
    def full(self) -> bool:
        """Whether nobody is remembered any more who only called."""
        return len(self._peers) >= PEERS_MAX

    def put(self, peer: Peer) -> Peer:
        """The peer is known; what was known of it and is not said now stays."""
        before = self._peers.get(peer.key)
        merged = peer if before is None else _merged(before, peer)
        if merged != before:
            self._peers[peer.key] = merged
            self._notes.put(SPACE, peer.key, _note(merged))
        return merged

    def remove(self, key: str) -> None:
        """The peer is known no more."""
        if self._peers.pop(key, None) is not None:
            self._notes.put(SPACE, key, None)

    def called(self, said: str) -> list[Peer]:
        """The peers of this name, address, key, or start of a key."""
        plain = said.strip()
        short = plain.removeprefix("did:key:")
        found = [
            peer
            for peer in self.all()
            if plain in (peer.name, peer.key) or plain.rstrip("/") in peer.addresses
        ]
        if found or len(short) < PREFIX_MIN:
            return found
        return [p for p in self.all() if p.key.removeprefix("did:key:").startswith(short)]


def _merged(before: Peer, now: Peer) -> Peer:
    return replace(
        now,
        name=now.name or before.name,
        account=now.account or before.account,
        addresses=now.addresses or before.addresses,
        wastelands=_joined(before.wastelands, now.wastelands),
        allow_private=now.allow_private or before.allow_private,
        carries=now.carries or before.carries,
    )


def _joined(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))
