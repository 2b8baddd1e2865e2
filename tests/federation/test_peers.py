"""Who is known: by key, kept across starts, merged with what was known, called by any name."""

from typing import Any

from federation import peers
from federation.peers import Peer, PeerBook


class Notes:
    """A town's store of notes, as a value."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def documents(self, space: str) -> dict[str, Any]:
        assert space == peers.SPACE
        return dict(self.kept)

    def put(self, _space: str, key: str, value: Any | None) -> None:
        if value is None:
            self.kept.pop(key)
        else:
            self.kept[key] = value


ASH = Peer(key="did:key:z6MkAsh", name="ash", addresses=("http://ash.example",), wastelands=("w1",))


def test_a_peer_is_known_after_a_start():
    """Every field of it, as it was put."""
    notes = Notes()
    whole = Peer(
        key="did:key:z6MkBolt", name="bolt", account="a" * 64, addresses=("http://b.example",),
        wastelands=("w1", "w2"), allow_private=True, carries=True,
    )  # fmt: skip
    PeerBook(notes).put(whole)
    assert PeerBook(notes).get(whole.key) == whole
    assert PeerBook(notes).of("w2") == [whole]


def test_what_is_not_said_now_stays_as_it_was():
    """A call without addresses takes none away; wastelands add up; a flag once given stays."""
    book = PeerBook(Notes())
    book.put(ASH)
    book.put(Peer(key=ASH.key, wastelands=("w2",), allow_private=True))
    known = book.get(ASH.key)
    assert known is not None
    assert (known.name, known.addresses) == ("ash", ASH.addresses)
    assert (known.wastelands, known.allow_private) == (("w1", "w2"), True)


def test_a_peer_is_called_by_name_key_address_or_the_start_of_its_key():
    """Whatever a person has at hand; too short a start is nobody."""
    book = PeerBook(Notes())
    book.put(ASH)
    for said in ("ash", ASH.key, "http://ash.example/", "z6MkA", " ash "):
        assert book.called(said) == [ASH]
    for said in ("z6M", "bolt", ""):
        assert book.called(said) == []


def test_a_removed_peer_is_known_no_more():
    """Also after a start; removing it again is nothing."""
    notes = Notes()
    book = PeerBook(notes)
    book.put(ASH)
    book.remove(ASH.key)
    book.remove(ASH.key)
    assert book.all() == PeerBook(notes).all() == []


def test_a_full_book_says_so(monkeypatch):
    """Strangers' devices fill no disk."""
    monkeypatch.setattr(peers, "PEERS_MAX", 2)
    book = PeerBook(Notes())
    book.put(ASH)
    assert not book.full
    book.put(Peer(key="did:key:z6MkBolt"))
    assert book.full
