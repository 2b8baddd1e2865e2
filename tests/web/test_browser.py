"""The board in real Chromium: two widths, light and dark, with scripts and without, by keyboard."""

import re

import aiohttp
import pytest
from playwright.async_api import Page, expect

from tests.web.eyes import WIDE, barriers, window
from tests.web.towns import BITES, Towns

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),
]
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TOUCH_PX = 44
TOUCHED = (
    "header a, .act, .chip, .count, form input:not([type=hidden]), form select, button, summary"
)
STOPS_MAX = 220


def addresses(three: Towns) -> list[str]:
    """Every kind of page, in every state that looks different."""
    items = [f"/w/{three.items[name]}" for name in ("review", "race", "back", "bites0", "bites3")]
    lists = ["/", "/?status=all&limit=60", "/?q=nothing+at+all", "/?signed=no&status=all"]
    return [*lists, *items, "/peers", "/rigs/ash-flats", "/rigs/rust"]


async def twin_of(three: Towns, path: str) -> dict:
    """What the JSON twin of a page says."""
    async with aiohttp.ClientSession() as session, session.get(three.rust.url + path) as answer:
        return (await answer.json())["data"]


def wall(three: Towns, scheme: str) -> list[str]:
    """What is looked at in a scheme: the dark one differs in its colours alone."""
    found = addresses(three)
    return found if scheme == "light" else [found[0], found[4], found[-3], found[-2]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "390"])
async def test_every_page_fits_and_bars_nobody(three, browser, size, scheme):
    """No error in the console, no breach of the policy, nothing too wide, no barrier."""
    async with window(browser, viewport=size, color_scheme=scheme) as page:
        for path in wall(three, scheme):
            await page.goto(three.rust.url + path)
            await expect(page.locator("h1")).to_have_count(1)
            assert await page.evaluate(WIDE) <= 0, path
            assert await barriers(page) == [], path


async def test_the_eye_for_barriers_is_open(three, browser):
    """A planted barrier is found: the check above can fail."""
    async with window(browser) as page:
        await page.goto(three.rust.url + "/")
        await page.evaluate("document.querySelector('main').innerHTML += '<button></button>'")
        assert any("button-name" in one for one in await barriers(page))


async def test_a_problem_is_a_page_like_the_others(three, browser):
    """A wrong address has a way back, at every width."""
    async with window(browser, expected="404", viewport=PHONE) as page:
        await page.goto(three.rust.url + "/nothing/here")
        assert await barriers(page) == []
        await page.get_by_role("link", name="To the board").click()
        await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()


async def test_the_first_glance_is_in_the_order_that_matters(three, browser):
    """The sentence, what needs you, yours, what you posted, open work; the first four at once."""
    parts = ("#sentence", "#needs", "#yours", "#posted", "#list")
    for size in (DESK, PHONE):
        async with window(browser, viewport=size) as page:
            await page.goto(three.rust.url + "/")
            order = await page.evaluate(
                "(names) => [...document.querySelectorAll(names.join())].map((e) => '#' + e.id)",
                list(parts),
            )
            assert order == list(parts)
            tops = [await page.locator(part).bounding_box() for part in parts]
            heights = [box["y"] for box in tops if box is not None]
            assert len(heights) == len(parts)
            if size is DESK:
                assert max(heights[:4]) < DESK["height"]
            else:
                assert heights == sorted(heights)


async def test_what_needs_you_is_there_with_the_command_to_type(three, browser):
    """Each need of the twin stands on the page in its order, oldest first."""
    needs = (await twin_of(three, "/board.json"))["needs_you"]
    kinds = {need["kind"] for need in needs}
    assert kinds == {"stop", "review", "give", "answer", "sent_back", "overdue", "backup"}
    dated = [need["since_s"] for need in needs if need["since_s"] is not None]
    assert dated == sorted(dated, reverse=True)
    async with window(browser, viewport=DESK) as page:
        await page.goto(three.rust.url + "/")
        await page.locator("#needs-more summary").click()
        shown = await page.locator("#needs .cmd code").all_text_contents()
    assert [words.split() for words in shown] == [need["cmd"] for need in needs]


async def test_pages_show_what_their_twins_say(three, browser):
    """Lists, counts, peers, records and stamps are the same facts in both."""
    board = await twin_of(three, "/board.json")
    async with window(browser, viewport=DESK) as page:
        await page.goto(three.rust.url + "/")
        assert await page.locator("#sentence > span").inner_text() == board["sentence"]["text"]
        pills = await page.locator("#rows .state .pill").all_text_contents()
        assert pills == [one["state"] for one in board["items"]]
        shown = await page.locator(".counts b").all_text_contents()
        assert [int(one) for one in shown] == list(board["posted"]["counts"].values())
        marks = await page.locator("#rows tr:has(.mark)").count()
        assert marks == sum(not one["signed"] for one in board["items"]) > 0

        await page.goto(three.rust.url + "/peers")
        peers = (await twin_of(three, "/peers.json"))["rows"]
        names = await page.locator(".peer-head b").all_text_contents()
        assert names == [one["name"] for one in peers] == ["ash-flats", "cinder"]

        path = f"/w/{three.items['race']}"
        await page.goto(three.rust.url + path)
        records = (await twin_of(three, path + ".json"))["records"]
        await expect(page.locator("#story .sealed")).to_have_count(len(records))
        does = await page.locator("#story li > p:first-child").all_text_contents()
        assert all(one["does"] in line for one, line in zip(records, does, strict=True))

        await page.goto(three.rust.url + "/rigs/ash-flats")
        stamps = (await twin_of(three, "/rigs/ash-flats.json"))["stamps"]
        assert [one["verified"] for one in stamps] == [True]
        await expect(page.locator("#stamps .sealed")).to_have_text(["verified"])


async def test_the_counts_of_what_you_posted_are_filters(three, browser):
    """Each count leads to as many lines."""
    async with window(browser, viewport=DESK) as page:
        await page.goto(three.rust.url + "/")
        links = await page.locator(".count").evaluate_all("(all) => all.map((e) => e.href)")
        counts = [int(one) for one in await page.locator(".counts b").all_text_contents()]
        assert sum(counts) > 4
        for link, count in zip(links, counts, strict=True):
            await page.goto(link)
            rows = await page.locator("#rows tbody tr .pill").all_text_contents()
            if "status" not in link and "asked" not in link:  # open work that somebody asked for
                rows = [state for state in rows if not state.startswith("asked")]
            assert len(rows) == count, link


async def test_text_that_bites_harms_nothing(three, browser):
    """A stranger's title is text: no element of it, no dialog, and its letters stay."""
    async with window(browser, viewport=PHONE) as page:
        await page.goto(three.rust.url + "/?type=docs")
        await expect(page.locator("main img, main script, main iframe")).to_have_count(0)
        titles = await page.locator("#rows .title a").all_text_contents()
        assert set(BITES) <= set(titles)
        for number in range(len(BITES)):
            await page.goto(three.rust.url + f"/w/{three.items[f'bites{number}']}")
            await expect(page.locator("h1")).to_have_text(BITES[number])
            assert await page.evaluate(WIDE) <= 0
            links = await page.locator("main a").evaluate_all("(all) => all.map((e) => e.href)")
            assert not [link for link in links if not link.startswith(three.rust.url)]


async def test_the_board_works_with_scripts_off(three, browser):
    """Filters are links and a form, items are links, and the page says how to see more."""
    async with window(browser, java_script_enabled=False, viewport=PHONE) as page:
        await page.goto(three.rust.url + "/")
        await expect(page.get_by_text("reload to see what changed")).to_be_visible()
        await page.get_by_role("link", name="feature", exact=True).click()
        await page.get_by_label("Search").fill("peer")
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("#rows .title a")).to_have_text(["Say the age of each peer"])
        await expect(page.locator(".chip[aria-current]")).to_have_text(["open", "feature"])
        await page.locator("#rows .title a").click()
        await expect(page.locator("h1")).to_have_text("Say the age of each peer")
        await expect(page.locator("#now code")).to_have_text(re.compile("^wl claim w-"))


async def test_fingers_find_what_they_aim_at(three, browser):
    """On a phone whatever is pressed is 44 pixels high."""
    async with window(browser, viewport=PHONE, has_touch=True) as page:
        for path in ("/", f"/w/{three.items['review']}", "/peers"):
            await page.goto(three.rust.url + path)
            small = await page.locator(TOUCHED).evaluate_all(
                "(all, least) => all.filter((e) => e.checkVisibility())"
                ".filter((e) => e.getBoundingClientRect().height < least).map((e) => e.outerHTML)",
                TOUCH_PX,
            )
            assert small == [], path


async def focused(page: Page) -> dict:
    """What has the focus, whether that can be seen, and where it is."""
    return await page.evaluate(
        """() => {
          const it = document.activeElement, style = getComputedStyle(it);
          const box = it.getBoundingClientRect();
          return {name: it.localName, text: it.textContent.trim() || it.name, href: it.href || "",
                  seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
                  shown: box.bottom > 0 && box.top < innerHeight};
        }"""
    )


async def test_the_whole_board_is_walked_by_keyboard(three, browser):
    """The first stop skips to the content; every stop is seen; the walk reaches the end."""
    async with window(browser, viewport=DESK) as page:
        await page.goto(three.rust.url + "/")
        await page.keyboard.press("Tab")
        assert (await focused(page))["text"] == "Skip to the content"
        await page.keyboard.press("Enter")
        stops = []
        for _ in range(STOPS_MAX):
            await page.keyboard.press("Tab")
            stop = await focused(page)
            if stop["name"] == "body" or stop["text"] == "Skip to the content":
                break
            assert stop["seen"], stop
            assert stop["shown"], stop
            stops.append(stop)
        texts = [stop["text"] for stop in stops]
    assert texts[-1] == "This page as JSON"
    assert "Board" not in texts  # the skip link skipped the header
    rows = [stop["href"] for stop in stops if "/w/" in stop["href"]]
    assert any(three.items["w0"] in href for href in rows)
    assert texts.index("Copy") < texts.index("open") < texts.index("Show") or "q" in texts


async def test_a_command_is_copied_as_it_stands(three, browser):
    """The button copies the very words beside it."""
    options = {"viewport": DESK, "permissions": ["clipboard-read", "clipboard-write"]}
    async with window(browser, **options) as page:
        await page.goto(f"{three.rust.url}/w/{three.items['review']}")
        await page.evaluate("window.setTimeout = () => 0")  # what it says now stays
        first = page.locator("#now .cmd").first
        await first.get_by_role("button").click()
        await expect(first.get_by_role("button")).to_have_text("Copied")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == await first.locator("code").inner_text()
