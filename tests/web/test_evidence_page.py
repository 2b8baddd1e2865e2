"""What the board shows of a file that was handed in, and of decisions that were taken away."""

from io import BytesIO

import aiohttp
import pytest

from stamps.record import ChainKey, Envelope, sign
from tests.transport.nodes import Node, node
from town.market.blobs import Source

pytestmark = pytest.mark.slow  # real nodes


async def page(one: Node, path: str) -> str:
    """The HTML of a page."""
    async with aiohttp.ClientSession() as session, session.get(one.url + path) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_a_file_is_shown_by_size_and_hash_with_how_to_get_it(tmp_path):
    """Its name is a stranger's text; the page leads to the command and never to the bytes."""
    async with node(tmp_path, "rust") as rust:
        item = str((await rust.use(lambda m: m.post({"title": "Fix it"}))).data["id"])
        await rust.use(lambda m: m.claim(item))
        file = Source("<b>log</b>.html", lambda: BytesIO(b"x" * 12_000))
        await rust.use(lambda m: m.done(item, blobs=[file]))
        shown = await page(rust, f"/w/{item}")
        sha256 = rust.town.market.show(item).data["evidence"][0]["sha256"]
        assert f"wl blob get {item[:6]}" in shown
        assert sha256[:12] in shown
        assert "12.0 kB" in shown
        assert "<b>log" not in shown
        assert f"/blobs/{sha256}" not in shown


async def test_decisions_that_were_taken_away_stand_on_the_page_of_their_town(tmp_path):
    """A stolen key signed a second record in the slot of a withdrawal, which is gone."""
    async with node(tmp_path, "rust") as rust:
        item = str((await rust.use(lambda m: m.post({"title": "Fix it"}))).data["id"])
        assert "against it" not in await page(rust, "/rigs/rust")
        await rust.use(lambda m: m.withdraw(item))

        def fork() -> None:
            town = rust.town.town
            journal = town.ledgers[town.current]
            key = ChainKey(town.current, town.account, str(town.author.device))
            last = journal.state.slot(key, journal.state.chains[key].head_seq)
            assert last is not None
            assert last.kind == "wanted.withdraw"
            entry = sign(
                key=town.author.key, scope=last.scope, author=last.account, seq=last.seq,
                prev=last.prev, at=last.at + 1, kind=last.kind, about=last.about,
                body={**last.body, "reason": "another"},
            )  # fmt: skip
            journal.record([Envelope(entry.record, entry.signature)], now=rust.town.now())

        rust.town.writer.run(fork)
        shown = await page(rust, "/rigs/rust")
        assert "against it" in shown
        assert "wanted.withdraw" in shown
        assert f"/w/{item}" in shown
