"""The board's pages over HTTP: what they say, to whom, and that strangers' text stays text."""

import re
from collections.abc import AsyncIterator, Mapping
from html import unescape

import aiohttp
import pytest

from ledger.store import Observed
from ledger.tables import Row
from tests.transport.nodes import Node, joined, node

pytestmark = pytest.mark.slow  # `make check` waits for none of these

NASTY = "<script>alert(1)</script> [x](javascript:alert(1)) `code`"
PAGES = ("/", "/peers", "/rigs/rust")


@pytest.fixture
async def rust(tmp_path) -> AsyncIterator[Node]:
    """A node with a board and an item."""
    async with node(tmp_path, "rust") as one:
        await joined(one)
        await one.use(lambda m: m.post({"title": "Fix the <b>race</b>", "type": "bug"}))
        yield one


Headers = Mapping[str, str]


async def got(
    one: Node, path: str, method: str = "GET", **headers: str
) -> tuple[int, str, Headers]:
    """The status, text and headers of a page."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, one.url + path, headers=headers) as answer,
    ):
        return answer.status, await answer.text(), answer.headers


async def twin_of(one: Node, path: str) -> dict:
    """The JSON of a page."""
    async with aiohttp.ClientSession() as session, session.get(one.url + path) as answer:
        assert answer.content_type == "application/json"
        return await answer.json()


def titles(page: str) -> list[str]:
    """The titles of a page's list, in order."""
    rows = re.findall(r'<th scope="row" class="title"><a href="[^"]*"><bdi>(.*?)</bdi>', page)
    return [unescape(row) for row in rows]


async def test_the_first_page_says_one_true_sentence_and_lists_open_work(rust):
    """A town that nobody knows says so; its own open item stands on the board."""
    status, text, headers = await got(rust, "/")
    assert status == 200
    assert "No other town is known here" in text
    assert "Fix the &lt;b&gt;race&lt;/b&gt;" in text
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


async def test_a_town_on_no_board_is_told_how_to_begin(tmp_path):
    """Every part of the first page says what to type."""
    async with node(tmp_path, "rust") as rust:
        status, text, _ = await got(rust, "/")
        twin = await twin_of(rust, "/board.json")
    assert status == 200
    assert "in no wasteland yet: nothing is sent anywhere" in text
    for words in ("wl post", "wl join", "wl claim", "wl key backup"):
        assert words in text
    assert [one["kind"] for one in twin["data"]["needs_you"]] == ["backup"]
    assert (twin["data"]["items"], twin["data"]["wasteland"]) == ([], None)


async def test_every_page_has_a_twin_for_programs(rust):
    """The same facts in the envelope of every `--json`, strangers' words under `untrusted`."""
    keys = {"schema", "data", "next", "error", "warn", "stop", "as_of"}
    board = await twin_of(rust, "/board.json")
    item = board["data"]["items"][0]
    assert item["untrusted"]["title"] == "Fix the <b>race</b>"
    for path in ("/board.json", f"/w/{item['id']}.json", "/peers.json", "/rigs/rust.json"):
        twin = await twin_of(rust, path)
        assert keys <= set(twin)
        assert twin["schema"].startswith("wl.v1.")
        assert twin["error"] is None
        page = path.removesuffix(".json")
        _, text, _ = await got(rust, "/" if page == "/board" else page)
        assert f'type="application/json" href="{path}"' in text


async def test_a_page_and_its_twin_take_the_same_filters(rust):
    """What is listed, in which order, and where the list goes on."""
    for number in range(30):
        fields = {"title": f"work {number}", "type": "docs", "priority": number % 5}
        if number % 3 == 0:
            fields["check"] = "make test"
        await rust.use(lambda m, f=fields: m.post(f))
    for query in ("", "?type=docs", "?check=1", "?priority=2&sort=oldest", "?q=race", "?poster=me"):
        _, text, _ = await got(rust, f"/{query}")
        twin = await twin_of(rust, f"/board.json{query}")
        listed = [one["untrusted"]["title"] for one in twin["data"]["items"]]
        assert titles(text) == listed
        assert listed
        assert ('rel="next"' in text) == (twin["data"]["cursor"] is not None)
    checked = await twin_of(rust, "/board.json?check=1")
    assert len(checked["data"]["items"]) == 10
    assert all(one["has_check"] for one in checked["data"]["items"])


async def test_an_item_page_tells_its_story_with_signers(rust):
    """Record by record in plain words, each with the key that signed it and its mark."""
    item = rust.town.market.browse({}).data["items"][0]["id"]
    await rust.use(lambda m: m.claim(item))
    status, text, _ = await got(rust, f"/w/{item}")
    assert status == 200
    for word in ("posted it", "asked for it", "gave it to rust", "wanted.post", "claim.grant"):
        assert word in text
    twin = await twin_of(rust, f"/w/{item}.json")
    records = twin["data"]["records"]
    assert [one["kind"] for one in records] == ["wanted.post", "claim.bid", "claim.grant"]
    assert all(one["verified"] and one["counts"] for one in records)
    assert text.count('class="sealed"') == len(records)
    assert all(f'title="{one["device"]}"' in text for one in records)


async def test_a_page_that_refreshes_itself_settles_no_stop_order(tmp_path):
    """An agent's order to stop stands until the agent has looked, however often a page is shown."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item = (await rust.use(lambda m: m.post({"title": "x"}))).data["id"]
        await ash.settles(lambda: bool(ash.town.market.browse({}).data["items"]))
        await ash.use(lambda m: m.claim(item))
        await rust.use(lambda m: m.withdraw(item, "not any more"))
        await ash.settles(lambda: bool(ash.town.market.browse({}).stop))
        for _ in range(3):
            await got(ash, f"/w/{item}")
            needs = (await twin_of(ash, "/board.json"))["data"]["needs_you"]
            assert needs[0]["kind"] == "stop"
            assert needs[0]["untrusted"]["said"] == "not any more"


async def test_a_description_of_a_stranger_is_shown_and_runs_nothing(tmp_path):
    """Markdown without links, pictures or scripts (H62)."""
    async with node(tmp_path, "rust") as rust:
        await joined(rust)
        said = f"{NASTY}\n\n# big\n\n![p](https://evil.invalid/p.png)"
        posted = await rust.use(lambda m: m.post({"title": "x", "description": said}))
        _, text, _ = await got(rust, f"/w/{posted.data['id']}")
    assert "<script>alert" not in text
    prose = text.partition('class="prose"')[2].partition("</section>")[0]
    assert "<img" not in prose
    assert "<a" not in prose
    assert "<code>code</code>" in prose
    assert "<h3>big</h3>" in prose


async def test_what_would_turn_the_text_around_is_spelled_out(rust):
    """No record carries such marks, but a row that nobody signed may."""
    turned = "safe \u202egnp.exe\u202c \x07 \ufeffend"
    row = {
        "id": "w-turned",
        "title": turned,
        "status": "open",
        "description": turned,
    }
    seen = Observed(row=Row("wanted", "w-turned", row), source="hq\u202e", commit="c", seen_at=1)
    journal = rust.town.town.ledgers[rust.town.town.current]
    rust.town.market.run(lambda: journal.store.observe([seen]))
    for path in ("/", "/w/w-turned"):
        _, text, _ = await got(rust, path)
        assert not set("\u202e\u202c\x07\ufeff") & set(text)
        assert "gnp.exe" in text
        assert "\\u{202e}" in text
    assert "Nobody signed this" in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "rust.local:80"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"X-Forwarded-For": "192.0.2.7"},
        {"Via": "1.1 proxy"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
    ids=str,
)
async def test_no_other_site_reaches_the_board_through_a_browser(rust, headers):
    """Only this machine's own names, and no request that another site made."""
    for path in ("/", "/board.json", "/events", "/peers", "/nothing", "/static/board.js"):
        status, text, _ = await got(rust, path, **headers)
        assert status == 404
        assert "rust" not in text


async def test_a_link_that_a_person_follows_opens_the_board(rust):
    """A link from a chat leads to the page: looking changes nothing, and nothing may frame it."""
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    status, _, headers = await got(rust, "/", **followed, **{"Sec-Fetch-Dest": "document"})
    assert status == 200
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


async def test_what_is_not_there_says_what_to_do(rust):
    """404, 400 and 405 are pages with a next step, and envelopes with a code."""
    for path, status, words in (
        ("/w/w-0000000000", 404, "wl browse"),
        ("/rigs/nobody", 404, "To the board"),
        ("/nothing/here", 404, "To the board"),
        ("/?priority=nine", 400, "0 to 4"),
        ("/?cursor=***", 400, "no cursor"),
        ("/?status=broken", 400, "no status"),
        ("/?limit=0", 400, "1 to 200"),
    ):
        found, text, headers = await got(rust, path)
        assert (found, words in text) == (status, True), path
        assert "Content-Security-Policy" in headers
    twin = await twin_of(rust, "/w/w-0000000000.json")
    assert (twin["error"]["code"], twin["data"]) == ("id.unknown", None)
    assert twin["error"]["said"] == "w-0000000000"  # the facts that `--json` has
    assert (await twin_of(rust, "/board.json?sort=odd"))["error"]["code"] == "record.bad"
    assert (await twin_of(rust, "/nothing.json"))["error"]["code"] == "page.none"
    assert (await got(rust, "/static/../board.py"))[0] == 404


async def test_the_board_only_shows(rust):
    """Nothing is changed through a page: every other method is refused with its reason."""
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        status, text, headers = await got(rust, "/", method)
        assert status == 405
        assert "The board only shows" in text
        assert "GET" in headers["Allow"]
    for path in PAGES:
        status, text, headers = await got(rust, path, "HEAD")
        assert (status, text) == (200, "")
        assert int(headers["Content-Length"]) > 1000
    assert (await got(rust, "/events", "HEAD"))[0] == 405


async def test_files_are_kept_by_what_is_in_them(rust):
    """An address with the digest never changes; without it the browser asks again, cheaply."""
    _, text, _ = await got(rust, "/")
    for name in ("board.css", "board.js"):
        address = re.search(rf'"(/static/{re.escape(name)}\?v=[0-9a-f]+)"', text)
        assert address is not None
        status, body, headers = await got(rust, address[1])
        assert status == 200
        assert "immutable" in headers["Cache-Control"]
        status, plain, headers = await got(rust, f"/static/{name}")
        assert (plain, headers["Cache-Control"]) == (body, "no-cache")
        again, nothing, _ = await got(rust, f"/static/{name}", **{"If-None-Match": headers["ETag"]})
        assert (again, nothing) == (304, "")


async def test_filters_and_pages_are_links_that_work_without_scripts(tmp_path):
    """Each page of the list holds what the others do not, and the last has no next."""
    async with node(tmp_path, "rust") as rust:
        await joined(rust)
        for number in range(60):
            await rust.use(lambda m, n=number: m.post({"title": f"work {n}", "type": "docs"}))
        link, found = "/?type=docs", []
        while link:
            status, text, _ = await got(rust, link)
            assert status == 200
            found += titles(text)
            before = text.partition('rel="next"')[0] if 'rel="next"' in text else ""
            link = unescape(before.rpartition('href="')[2].partition('"')[0])
    assert sorted(found) == sorted(f"work {number}" for number in range(60))


async def test_a_page_asks_the_ledger_a_bounded_number_of_questions(tmp_path, monkeypatch):
    """Four times the work on the board costs its first page no more questions."""
    async with node(tmp_path, "rust") as rust:
        await joined(rust)
        asked = []
        database = rust.town.town.ledgers[rust.town.town.current].store.database
        ask = database.all
        monkeypatch.setattr(database, "all", lambda *said: asked.append(said) or ask(*said))

        async def questions() -> int:
            """The fewest of some looks: the node's own loops ask now and then too."""
            counts = []
            for _ in range(5):
                asked.clear()
                await rust.use(lambda m: m.glance({"status": ("open",), "limit": 25}))
                counts.append(len(asked))
            return min(counts)

        for number in range(30):
            await rust.use(lambda m, n=number: m.post({"title": f"work {n}"}))
        few = await questions()
        for number in range(90):
            await rust.use(lambda m, n=number: m.post({"title": f"work {n}"}))
        assert await questions() <= few + 8
        assert few < 100


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
