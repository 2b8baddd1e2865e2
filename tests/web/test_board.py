"""The board's pages over HTTP: what they say, to whom, and that strangers' text stays text."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.transport.nodes import Node, joined, node

NASTY = "<script>alert(1)</script> \u202bright\u202c [x](javascript:alert(1)) `code`"


@pytest.fixture
async def rust(tmp_path) -> AsyncIterator[Node]:
    """A node with a board and an item."""
    async with node(tmp_path, "rust") as one:
        await joined(one)
        await one.use(lambda m: m.post({"title": "Fix the <b>race</b>", "type": "bug"}))
        yield one


async def got(one: Node, path: str, **headers: str) -> tuple[int, str, dict]:
    """The status, text and headers of a page."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(one.url + path, headers=headers) as answer,
    ):
        return answer.status, await answer.text(), dict(answer.headers)


async def test_the_first_page_says_one_true_sentence_and_lists_open_work(rust):
    """A town that nobody knows says so; its own open item stands on the board."""
    status, text, headers = await got(rust, "/")
    assert status == 200
    assert "No other town is known here" in text
    assert "Fix the &lt;b&gt;race&lt;/b&gt;" in text
    assert "default-src 'none'" in headers["Content-Security-Policy"]


async def test_every_page_has_a_twin_for_programs(rust):
    """The same facts as JSON."""
    async with aiohttp.ClientSession() as session:
        async with session.get(rust.url + "/board.json") as answer:
            board = await answer.json()
        item = board["lines"][0]["id"]
        for path in (f"/w/{item}.json", "/peers.json", "/rigs/rust.json"):
            async with session.get(rust.url + path) as answer:
                assert answer.status == 200
                assert isinstance(await answer.json(), dict)


async def test_an_item_page_tells_its_story_with_signers(rust):
    """Record by record, each with the key that signed it."""
    item = rust.town.market.browse({}).data["items"][0]["id"]
    await rust.use(lambda m: m.claim(item))
    status, text, _ = await got(rust, f"/w/{item}")
    assert status == 200
    for word in ("wanted.post", "claim.bid", "claim.grant", "signed by did:key:"):
        assert word in text


async def test_a_description_of_a_stranger_is_shown_and_runs_nothing(tmp_path):
    """Markdown without links, pictures or scripts (H62)."""
    async with node(tmp_path, "rust") as rust:
        await joined(rust)
        said = NASTY.replace("\u202b", "").replace("\u202c", "")
        posted = await rust.use(lambda m: m.post({"title": "x", "description": said}))
        _, text, _ = await got(rust, f"/w/{posted.data['id']}")
    assert "<script>alert" not in text
    assert "javascript:" not in text.partition("What its poster says")[2].replace(
        "[x](javascript:alert(1))", ""
    )
    assert "<code>code</code>" in text


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "rust.local:80"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=str,
)
async def test_no_other_site_reaches_the_board_through_a_browser(rust, headers):
    """Only this machine's own names, and no request that another site made."""
    for path in ("/", "/board.json", "/events", "/peers"):
        assert (await got(rust, path, **headers))[0] == 404


async def test_an_unknown_item_is_not_found_and_says_so(rust):
    """A page with the code, and the same in JSON."""
    assert (await got(rust, "/w/w-0000000000"))[0] == 404
    status, text, _ = await got(rust, "/w/w-0000000000.json")
    assert (status, "id.unknown" in text) == (404, True)
    assert (await got(rust, "/static/../board.py"))[0] == 404


async def test_filters_and_pages_are_links_that_work_without_scripts(tmp_path):
    """A form of plain fields, and a link to the older ones."""
    async with node(tmp_path, "rust") as rust:
        await joined(rust)
        for number in range(60):
            await rust.use(lambda m, n=number: m.post({"title": f"work {n}", "type": "docs"}))
        _, text, _ = await got(rust, "/?type=docs")
        assert 'rel="next"' in text
        link = text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        status, older, _ = await got(rust, link.replace("&amp;", "&"))
        titles = [f">work {number}<" for number in range(60)]
        assert status == 200
        assert all((title in text) != (title in older) for title in titles)


async def test_an_open_page_is_told_of_each_change(rust):
    """One event a change, from the node's own loop."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(rust.url + "/events") as line,
    ):
        await rust.use(lambda m: m.post({"title": "another"}))
        async for piece in line.content:
            if piece.startswith(b"data:"):
                return
    pytest.fail("no event came")
