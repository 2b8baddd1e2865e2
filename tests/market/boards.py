"""A board on which a claim can come into every state."""

from functools import cached_property

from tests.market.towns import LocalTown, World

TITLE = "Fix token refresh race"


class Board:
    """rust posts, ash is around, bolt and kit come when they are named."""

    def __init__(self) -> None:
        self.world = World()
        self.rust = self.world.town("rust-hollow")
        self.rust.market.create("hop/commons")
        self.here: list[LocalTown] = []
        self.item = ""
        self.ash = self._newcomer("ash")

    def _newcomer(self, name: str) -> LocalTown:
        town = self.world.town(name)
        token = self.rust.market.invite().data["invite"]
        assert town.market.join(token).exit == 0
        self.here.append(town)
        return town

    @cached_property
    def bolt(self) -> LocalTown:
        return self._newcomer("bolt")

    @cached_property
    def kit(self) -> LocalTown:
        return self._newcomer("kit")

    def post(self, **policy: object) -> str:
        posted = self.rust.market.post({"title": TITLE, "check": "make", "policy": policy})
        self.item = posted.data["id"]
        for town in self.here:
            town.market.sync()
        return self.item

    def held(self, **policy: object) -> str:
        item = self.post(**policy)
        assert self.ash.market.claim(item).exit == 0
        return item

    def handed_in(self) -> str:
        item = self.held()
        self.ash.market.done(item, ["https://example.org/pull/7"])
        return item

    def away(self, *towns: LocalTown) -> None:
        self.world.cut |= {town.handle for town in towns or (self.rust,)}

    def carried(self) -> None:
        """ash, bolt and kit reach each other, and rust is away."""
        for carrier in (self.kit, self.bolt):
            self.ash.peers.friends[carrier.handle] = carrier
        self.away()

    def heard(self, *towns: LocalTown) -> None:
        self.world.cut.clear()
        for town in (*towns, self.rust, *self.here):
            town.market.sync()
