"""Two nodes that share several boards: each has a line of its own, and none is in another's way."""

import pytest

from federation.transport.client import CALLS_MAX
from tests.transport.nodes import joined, node

pytestmark = pytest.mark.slow  # real sockets


async def test_more_boards_than_calls_at_once_leave_room_for_calls(tmp_path):
    """A line is held for every board; what is asked beside them is answered at once."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        for number in range(CALLS_MAX):
            await rust.use(lambda m, n=number: m.create(f"hop/board{n}"))
            token = (await rust.use(lambda m: m.invite())).data["invite"]
            await ash.use(lambda m, t=token: m.join(t))
        await ash.settles(lambda: rust.town._resident().routes._lines == CALLS_MAX + 1)
        item = str((await ash.use(lambda m: m.post({"title": "Fix it"}))).data["id"])
        await rust.settles(
            lambda: item in {line["id"] for line in rust.town.market.browse({}).data["items"]}
        )
