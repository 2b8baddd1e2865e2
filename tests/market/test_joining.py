"""A join whose line breaks: taken up again while it brings something, given up when it does not."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ledger.set_journal import JournalReplica
from stamps.record import to_line
from tests.ledger.people import asked_about
from tests.market.towns import LocalTown, Wire, World
from town.market.ports import PeerReport, Redeemed

NOTES = 30


class Breaking(Wire):
    """A wire on which a piece comes, then it breaks; `pieces` says how often it brings anything."""

    def __init__(self, town: LocalTown, *, piece: int, pieces: int) -> None:
        super().__init__(town)
        self.piece = piece
        self.pieces = pieces
        self.tries = 0

    def redeem(self, token: str, *, handle: str, timeout_s: float = 30.0) -> Redeemed:
        """Only what opens the wasteland comes with the invite."""
        found = super().redeem(token, handle=handle, timeout_s=timeout_s)
        journal = self.town.town.ledgers.pop(found.wasteland)
        source = self._source(found.wasteland)
        opening = list(JournalReplica(source).everything())
        kinds = ("rig.register", "wasteland.create")
        lines = [to_line(entry) for entry in opening if entry.record.kind in kinds]
        fresh = self.town.town.open_ledger(journal.wasteland)
        self.town.town.ledgers[journal.wasteland] = fresh
        JournalReplica(fresh).receive(lines, now=self.town.world.now)
        return found

    def _source(self, wasteland: str):
        return next(iter(self.friends.values())).town.ledgers[wasteland]

    def sync(
        self, wasteland: str | None, *, only: str = "", timeout_s: float = 30.0
    ) -> Sequence[PeerReport]:
        self.tries += 1
        if self.tries > self.pieces:
            return super().sync(wasteland, only=only, timeout_s=timeout_s)
        assert wasteland is not None
        mine = self.town.town.ledgers[wasteland]
        missing = [
            to_line(entry)
            for entry in JournalReplica(self._source(wasteland)).everything()
            if mine.held.entry(entry.record.id) is None
        ]
        JournalReplica(mine).receive(missing[: self.piece], now=self.town.world.now)
        return [PeerReport(name="rust", error="peer.down", calls="we")]


def joining(piece: int, pieces: int) -> tuple[LocalTown, Breaking, int]:
    """A town about to join a board of many notes, its wire, and how many records there are."""
    world = World()
    rust, ash = world.town("rust"), world.town("ash")
    rust.market.create("hop/commons")
    item = str(rust.market.post({"title": "Fix it"}).data["id"])
    for number in range(NOTES):
        rust.market.note(item, f"note {number}")
    wire = Breaking(ash, piece=piece, pieces=pieces)
    ash.peers = wire
    ash.market.ports = ash.conduct.ports = replace(ash.ports, peers=wire)
    return ash, wire, rust.town.ledgers[rust.town.current].store.count()


@pytest.mark.parametrize("pieces", [0, 1, 4])
def test_a_join_goes_on_where_its_line_broke(pieces):
    """However often it breaks, the board is whole when the command ends, and is this town's."""
    ash, wire, whole = joining(piece=6, pieces=pieces)
    token = wire.town.world.towns["rust"].market.invite().data["invite"]
    answer = ash.market.join(token)
    assert answer.exit == 0
    journal = ash.town.ledgers[ash.town.current]
    assert journal.store.count() >= whole
    assert wire.tries > pieces
    [item] = ash.market.browse({}).data["items"]
    assert len(ash.market.show(str(item["id"])).data["untrusted"]["notes"]) == NOTES


def test_a_join_gives_up_on_a_line_that_brings_nothing():
    """It ends with what it has; it does not try for ever."""
    ash, wire, _ = joining(piece=0, pieces=1_000)
    token = wire.town.world.towns["rust"].market.invite().data["invite"]
    ash.market.join(token)
    assert wire.tries <= 4
    assert ash.town.current in ash.town.members()


def test_a_newcomer_costs_its_registrar_no_look_at_all_the_others():
    """Who asked to join is looked for once; a crowd does not cost its square."""
    world = World()
    rust = world.town("rust")
    rust.market.create("hop/commons")
    journal = rust.town.ledgers[rust.town.current]
    asked = asked_about(journal.held)
    for number in range(4):
        token = rust.market.invite().data["invite"]
        world.town(f"town{number}").market.join(token)
    assert len(journal.state.registry.admitted) == 5
    assert asked.count(journal.wasteland) <= 1
