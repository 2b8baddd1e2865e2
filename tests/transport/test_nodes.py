"""Two and three nodes on real sockets: joining, trading, racing, carrying, coming back."""

import asyncio
import time
from functools import partial

import pytest

from federation.invite import OPEN_MAX
from federation.remembered import Memory
from federation.session import Caller
from tests.transport.nodes import joined, node, same_root
from tests.waiting import LONG_S
from town.market.answer import Answer
from town.market.errors import ClockOffError
from town.node.hosting import INVITES_SPACE

STAMP = {"dims": {"quality": 5}}


async def test_two_nodes_trade_a_job_by_push(tmp_path):
    """Post, claim until yours, done, accept: each side learns it without being asked to sync."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item = (await rust.use(lambda m: m.post({"title": "Fix it"}))).data["id"]
        await ash.settles(lambda: bool(ash.town.market.browse({}).data["items"]))
        claimed = await ash.use(lambda m: m.claim(item))
        assert (claimed.exit, claimed.data["may_start"]) == (0, True)
        await ash.use(lambda m: m.done(item, ["https://example.org/7"]))
        await rust.settles(lambda: rust.town.market.show(item).data["you"] == "reviewer")
        await rust.use(lambda m: m.accept(item, STAMP))
        decided = await ash.use(lambda m: m.wait(item, until="decided", timeout_s=LONG_S))
        assert decided.words[0].startswith("accepted")
        await same_root(rust, ash)


async def test_one_of_many_racing_claims_is_granted(tmp_path):
    """Both ask at once: one gets it, the other is told whose it is, both name the same holder."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item = (await rust.use(lambda m: m.post({"title": "Fix it"}))).data["id"]
        await ash.settles(lambda: bool(ash.town.market.browse({}).data["items"]))
        answers = await asyncio.gather(
            ash.use(lambda m: m.claim(item)), rust.use(lambda m: m.claim(item))
        )
        assert sorted(answer.exit for answer in answers) == [0, 5]
        await same_root(rust, ash)
        assert (
            rust.town.market.show(item).data["holder"] == ash.town.market.show(item).data["holder"]
        )


async def test_a_reachable_node_carries_between_two_that_nobody_can_call(tmp_path):
    """Both ends sleep behind a router; the claim is granted through the third."""
    hub = node(tmp_path, "hub", public_url="yes")
    deep = node(tmp_path, "deep", listens=False)
    far = node(tmp_path, "far", listens=False)
    async with hub as middle, deep as one, far as other:
        await joined(middle, one, other)
        item = (await one.use(lambda m: m.post({"title": "Fix it"}))).data["id"]
        await other.settles(lambda: bool(other.town.market.browse({}).data["items"]))
        claimed = await other.use(lambda m: m.claim(item))
        assert claimed.exit == 0
        assert {peer.addresses for peer in one.town.peers.book.all()} == {(middle.url,)}
        await same_root(middle, one, other)
        asked = await middle.use(lambda m: m.sync())  # whoever calls us is no failure of ours
        assert (asked.exit, asked.error) == (0, None)
        assert all("they call" in line and "next try" not in line for line in asked.words)
        desk = middle.town._resident()
        board = desk.boards[middle.town.town.current]
        assert all(desk.is_live(peer, board) for peer in desk.book.all())


@pytest.mark.slow
async def test_a_claim_waits_for_a_home_that_is_down_and_is_answered_when_it_is_back(tmp_path):
    """Exit 9 while nobody answers; the request leaves by itself when the home is up again."""
    async with node(tmp_path, "ash") as ash:
        async with node(tmp_path, "rust") as rust:
            await joined(rust, ash)
            item = (await rust.use(lambda m: m.post({"title": "Fix it"}))).data["id"]
            await ash.settles(lambda: bool(ash.town.market.browse({}).data["items"]))
        asked = await ash.use(lambda m: m.claim(item, wait_s=0.2))
        assert (asked.exit, asked.error["code"]) == (9, "claim.waiting")
        async with node(tmp_path, "rust") as again:
            await again.use(lambda m: m.peer_add(ash.url, allow_private=True))
            yours = await ash.use(lambda m: m.wait(item, timeout_s=LONG_S))
            assert yours.exit == 0


async def test_sync_says_direction_count_and_age(tmp_path):
    """A peer that is down is exit 7, the local part kept; an equal one lacks nothing."""
    async with node(tmp_path, "ash") as ash:
        async with node(tmp_path, "rust") as rust:
            await joined(rust, ash)
            begun = time.monotonic()
            said = await ash.use(lambda m: m.sync())
            assert (said.data["rows"][0]["they_lack"], said.data["rows"][0]["we_lack"]) == (0, 0)
            assert 0 <= said.data["rows"][0]["heard_s"] <= time.monotonic() - begun
        down = await ash.use(lambda m: m.sync(timeout_s=3))
        assert (down.exit, down.error["code"]) == (7, "peer.down")


async def test_a_peer_is_added_by_its_address_pinged_and_removed(tmp_path):
    """Known by key through its signed card."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        added = await ash.use(lambda m: m.peer_add(rust.url, allow_private=True))
        assert added.data["key"] == rust.key
        assert (await ash.use(lambda m: m.peer_ping("rust"))).data["reached"]
        await ash.use(lambda m: m.peer_remove("rust"))
        assert (await ash.use(lambda m: m.peer_list())).data["rows"] == []


@pytest.mark.slow
async def test_an_invite_is_good_for_as_many_towns_as_it_says(tmp_path):
    """The second town with a token for one is refused, and told to ask for another."""
    async with (
        node(tmp_path, "rust") as rust,
        node(tmp_path, "ash") as ash,
        node(tmp_path, "elm") as elm,
    ):
        await rust.use(lambda m: m.create("hop/commons"))
        token = (await rust.use(lambda m: m.invite())).data["invite"]
        await ash.use(lambda m: m.join(token))
        await ash.use(lambda m: m.join(token))  # the same town again: nothing changes
        with pytest.raises(Exception, match="used by others"):
            await elm.use(lambda m: m.join(token))


@pytest.mark.slow
async def test_a_carrier_redeems_an_invite_while_its_maker_sleeps(tmp_path):
    """The maker leaves the token's hash with a reachable node; the newcomer joins there."""
    async with node(tmp_path, "hub", public_url="yes") as hub, node(tmp_path, "elm") as elm:
        async with node(tmp_path, "rust", listens=False) as rust:
            await joined(hub, rust)
            keeps, over = hub.town.town, {"of": rust.key, "expires_at": 1, "redeemed": []}
            for number in range(OPEN_MAX):
                note = {**over, "wasteland": keeps.current, "count": 1}
                await hub.town.writer.do(partial(keeps.remember, INVITES_SPACE, str(number), note))
            said = await rust.use(lambda m: m.invite(via="hub"))
            assert len(keeps.notes(INVITES_SPACE)) == OPEN_MAX + 1, "and the hub's own, redeemed"
            token = said.data["invite"]
        answer = await elm.use(lambda m: m.join(token))
        assert answer.exit == 0
        assert answer.data["name"] == "hop/commons"


async def test_what_a_peer_says_of_the_time_decides_whether_a_node_may_sign(tmp_path):
    """records 2.6: peers' clocks are read from their answers; 20 minutes off signs nothing."""
    begun = time.monotonic()
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        ahead = ash.town.peers.ahead_s()
        assert ahead is not None
        assert 0 <= ahead <= 1 + time.monotonic() - begun  # as long as the answer took, at most
        skews = ash.town._resident().skews
        off = {f"peer {n}": -1204 * 1_000_000 for n in range(2)}  # the middle one of three counts
        skews.update(off)
        with pytest.raises(ClockOffError) as refused:
            await ash.use(lambda m: m.post({"title": "late"}))
        assert refused.value.code == "clock.ahead"
        assert "clock.peers" in {c.id for c in ash.town.checks() if c.state == "bad"}
        for peer in off:
            del skews[peer]
        assert (await ash.use(lambda m: m.post({"title": "in time"}))).exit == 0


async def test_ten_agents_of_one_town_never_share_an_item(tmp_path):
    """Through one node, at one moment: one is told yours, nine are told whose it is."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item = (await rust.use(lambda m: m.post({"title": "one for one"}))).data["id"]
        await same_root(rust, ash)

        def claim(name: str) -> Answer:
            with ash.town.caller({"WL_AGENT": name}):
                return ash.town.market.claim(item)

        names = [f"agent-{number}" for number in range(10)]
        answers = await asyncio.gather(*(asyncio.to_thread(claim, name) for name in names))
        codes = sorted(answer.exit for answer in answers)
        assert codes == [0, *[5] * 9]
        [winner] = [name for name, answer in zip(names, answers, strict=True) if answer.exit == 0]
        told = {answer.error["holder"] for answer in answers if answer.error}
        assert told == {winner}
        assert rust.town.market.show(item).data["holder"] == f"ash/{winner}"


@pytest.mark.slow
async def test_a_peer_whose_long_answer_is_on_its_way_in_brings_nothing_meanwhile(tmp_path):
    """Else a newcomer is sent by push what it is just fetching, and looks at all of it twice."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        await rust.use(lambda m: m.post({"title": "Fix it"}))
        await same_root(rust, ash)
        board = ash.town._resident().board(ash.town.town.current)
        assert board is not None
        caller = Caller(
            board.replica, Memory(), new_secret=lambda: b"." * 16, outlines=board.outlines
        )
        standing = board.standing(rust.key)
        async with standing.turn:  # ash's own loop begins no exchange in its place
            standing.caller = caller
            caller.intake.offer([])
            refused = await rust.use(lambda m: m.sync(timeout_s=3))
            assert refused.exit == 7
            standing.caller = None
            caller.intake.end()
        assert (await rust.use(lambda m: m.sync())).exit == 0
