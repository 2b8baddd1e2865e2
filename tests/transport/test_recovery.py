"""A town whose home was restored from an old backup, or lost, goes on under a new key."""

import json
import shutil

import pytest

from ledger.actions_errors import KeyFrozenError
from stamps.errors import WastelandError
from stamps.record import to_line
from tests.transport.nodes import as_peer, joined, node, same_root
from tests.waiting import LONG_S
from town.market.errors import AmbiguousError, FieldError, KeyNotHereError
from town.market.founding import own_entries
from town.node.compose import OpenTown
from town.node.home import Home
from town.node.knocking import join_body


def device(one) -> str:
    """The key that signs there."""
    return str(one.town.town.device.device)


async def a_day_at(ash, tmp_path, saved) -> str:
    """rust posts one, is copied, posts two, and its home is the older copy again; one's id."""
    async with node(tmp_path, "rust") as rust:
        await joined(ash, rust)
        item = (await rust.use(lambda m: m.post({"title": "one"}))).data["id"]
        await rust.use(lambda m: m.key_backup(saved))
        await same_root(ash, rust)
    shutil.copytree(tmp_path / "rust", tmp_path / "backup")
    async with node(tmp_path, "rust") as rust:
        await rust.use(lambda m: m.post({"title": "two"}))
        await same_root(ash, rust)
    shutil.rmtree(tmp_path / "rust")
    shutil.move(tmp_path / "backup", tmp_path / "rust")
    return str(item)


async def test_a_home_restored_from_an_old_backup_goes_on_under_a_new_key(tmp_path):
    """records 2.7: the old chain is never continued; items and peers follow the new key."""
    saved = tmp_path / "recovery.txt"
    async with node(tmp_path, "ash") as ash:
        item = await a_day_at(ash, tmp_path, saved)
        async with node(tmp_path, "rust") as rust:
            old = device(rust)
            for work, refusal in (
                (lambda m: m.post({"title": "three"}), KeyFrozenError),
                (lambda m: m.recover(), KeyNotHereError),
            ):
                with pytest.raises(refusal):
                    await rust.use(work)
            back = await rust.use(lambda m: m.recover(saved.read_text()))
            assert back.data["revoked"] == old
            assert device(rust) == back.data["device"] != old
            await rust.use(lambda m: m.post({"title": "three"}))
            await ash.use(lambda m: m.claim(item))
            assert (await ash.use(lambda m: m.wait(item, timeout_s=LONG_S))).exit == 0
            await same_root(ash, rust)
            board = (await ash.use(lambda m: m.browse({}))).data["items"]
            titles = {line["untrusted"]["title"] for line in board}
            assert titles == {"one", "two", "three"}
        async with node(tmp_path, "rust") as rust:
            assert rust.town.town.sealed == ""
            assert (await rust.use(lambda m: m.verify())).data["holds"]


@pytest.mark.slow
async def test_a_lost_home_comes_back_from_a_bundle_and_the_recovery_key(tmp_path):
    """The account is found in what others hold; the lost device is ended at its newest record."""
    saved, bundle = tmp_path / "recovery.txt", tmp_path / "all.wlb"
    async with node(tmp_path, "ash") as ash:
        async with node(tmp_path, "rust") as rust:
            await joined(ash, rust)
            await rust.use(lambda m: m.post({"title": "one"}))
            await rust.use(lambda m: m.key_backup(saved))
            account, lost = rust.town.town.account, device(rust)
            await same_root(ash, rust)
        await ash.use(lambda m: m.export(bundle))
    home = Home(tmp_path / "elsewhere" / "rust")
    home.furnish()
    town = OpenTown(home, {"HOME": str(tmp_path / "elsewhere")}, resident=False)
    with pytest.raises(FieldError, match="import a bundle"):
        town.market.recover(saved.read_text())
    town.market.import_(bundle)
    with pytest.raises(AmbiguousError):
        town.market.recover(saved.read_text(), lost="z6MkNobody")
    back = town.market.recover(saved.read_text())
    assert (back.data["account"], back.data["revoked"]) == (account, lost)
    assert town.market.post({"title": "again"}).data["posted_by"] == "rust"
    assert town.market.verify().data["holds"]
    town.close()


@pytest.mark.slow
async def test_a_stranger_who_introduces_himself_meets_an_unknown_wasteland(tmp_path):
    """Only a member's log opens the door to its new device; a wrong log opens none."""
    async with (
        node(tmp_path, "rust") as rust,
        node(tmp_path, "ash") as ash,
        node(tmp_path, "elm") as elm,
    ):
        board = await joined(rust, ash)
        path = f"/v1/w/{board}/redeem"
        own = join_body(elm.town.town, b"", "elm", ())
        lines = {"lines": [to_line(e).decode() for e in own_entries(ash.town.town)]}
        borrowed = json.dumps({"secret": "", "handle": "ash", "addresses": [], **lines}).encode()
        client = elm.town._resident().client
        for body in (own, borrowed):
            with pytest.raises(WastelandError) as refused:
                await client.call(as_peer(rust), "POST", path, body)
            assert getattr(refused.value, "status", 0) in (400, 403, 404)
        assert elm.key not in {peer.key for peer in rust.town._resident().book.all()}
