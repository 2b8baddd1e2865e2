"""The page of an item that came without its chain (records 2.2), over HTTP."""

import pytest
import pytest_asyncio

from stamps.record import Entry, Envelope, public_id
from tests.ledger.people import POST, Person
from tests.transport.nodes import joined, node
from tests.web.eyes import WIDE, barriers, window
from tests.web.test_board import got, twin_of
from town.node import clock

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


class Elsewhere:
    """A board of which this node hears nothing but what it is handed."""

    def __init__(self, wasteland: str) -> None:
        self.now, self.wasteland = clock.now() - 10**9, wasteland
        self.said: list[Entry] = []


@pytest_asyncio.fixture(loop_scope="module")
async def handed(tmp_path):
    """A node, the second post of somebody whom it does not know, and a word about its own item."""
    async with node(tmp_path, "rust") as one:
        await joined(one)
        own = (await one.use(lambda m: m.post({"title": "ours", "type": "bug"}))).data["id"]
        journal = await one.use(lambda m: m.board())
        zed = Person(Elsewhere(journal.wasteland), "zed")
        said = {**POST, "title": "A <b>part</b>", "description": "Half of it", "under": ""}
        _, post = (zed.say("wanted.post", body=said) for _ in range(2))
        item = await one.use(lambda m: m.run(lambda: journal.index.item_of(own)))
        note = zed.say("note.add", about=item, body={"tag": "note", "text": "not yours to read"})
        lines = [Envelope(entry.record, entry.signature) for entry in (post, note)]
        codes = await one.use(lambda m: m.run(lambda: journal.shelve(lines, now=clock.now())))
        assert [outcome.code for outcome in codes] == ["loose", "loose"]
        yield one, public_id("w", post.record.id), own


async def test_its_page_says_that_nothing_of_it_counts(handed):
    """What it asks, by whom it is said to be, and what came; its twin says the same."""
    one, item, _ = handed
    status, text, _ = await got(one, f"/w/{item}")
    assert status == 200
    assert "Only 1 record of this came here" in text
    assert "A &lt;b&gt;part&lt;/b&gt;" in text
    assert "Half of it" in text
    twin = (await twin_of(one, f"/w/{item}.json"))["data"]
    assert (twin["item"]["partial"], twin["item"]["status"]) == (True, None)
    assert "A &lt;b&gt;part" not in (await got(one, "/"))[1]


async def test_the_page_of_an_item_says_what_is_loose_about_it(handed):
    """How many, and where to read them; their words stay out of its story."""
    one, _, own = handed
    status, text, _ = await got(one, f"/w/{own}")
    assert status == 200
    assert "And 1 loose record without the chain before" in text
    assert "not yours to read" not in text


@pytest.mark.chromium
@pytest.mark.parametrize("wide", [1280, 390])
async def test_its_page_fits_and_bars_nobody(handed, browser, wide):
    """In a real browser: nothing beyond the edge, no barrier, a silent console."""
    one, item, _ = handed
    async with window(browser, viewport={"width": wide, "height": 800}) as page:
        await page.goto(f"{one.url}/w/{item}")
        assert await page.locator("h1").inner_text() == "A <b>part</b>"
        assert await page.evaluate(WIDE) <= 0
        assert await barriers(page) == []
