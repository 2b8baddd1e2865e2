"""An open page stays true: what changes comes by itself, and nobody who reads is disturbed."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.transport.nodes import Node, joined, node
from tests.web.eyes import window

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900),
]


@pytest_asyncio.fixture(loop_scope="module")
async def rust(tmp_path) -> AsyncIterator[Node]:
    """A node with thirty items of its own."""
    async with node(tmp_path, "rust") as one:
        await joined(one)
        for number in range(24):
            await one.use(lambda m, n=number: m.post({"title": f"Work number {n}"}))
        yield one


async def listens(page: Page, url: str) -> None:
    """The page is open and hears the node."""
    async with page.expect_request("**/events"):
        await page.goto(url)
    await expect(page.locator("#live")).to_have_text("live")


async def test_a_post_from_a_terminal_appears(rust, browser):
    """Without a reload, and marked as new; the rest of the page is the same elements as before."""
    async with window(browser) as page:
        await listens(page, rust.url + "/")
        await page.evaluate("document.querySelector('#yours').dataset.kept = 'yes'")
        await rust.use(lambda m: m.post({"title": "It came while you looked", "priority": 0}))
        row = page.locator("#rows tr", has_text="It came while you looked")
        await expect(row).to_have_class("fresh")
        await expect(page.locator(".count.open b")).to_have_text("25")
        await expect(page.locator("#yours")).to_have_attribute("data-kept", "yes")


async def test_nobody_loses_the_place_or_the_focus(rust, browser):
    """The row that is read stays where it is on the screen, and keeps the focus."""
    async with window(browser, viewport={"width": 900, "height": 500}) as page:
        await listens(page, rust.url + "/")
        link = page.locator("#rows .title a").nth(14)
        name = await link.inner_text()
        await link.focus()
        await link.scroll_into_view_if_needed()
        before = await link.bounding_box()
        for number in range(3):
            await rust.use(lambda m, n=number: m.post({"title": f"urgent {n}", "priority": 0}))
        await expect(page.get_by_role("link", name="urgent 2")).to_have_count(1)
        kept = page.get_by_role("link", name=name, exact=True)
        await expect(kept).to_be_focused()
        after = await kept.bounding_box()
        assert before is not None
        assert after is not None
        assert abs(before["y"] - after["y"]) < 2


async def test_nobody_loses_what_was_typed_or_opened(rust, browser):
    """A half-typed search and an opened list stay while the list around them changes."""
    async with window(browser) as page:
        await listens(page, rust.url + "/")
        box = page.get_by_label("Search")
        await box.press_sequentially("half a wo")
        await rust.use(lambda m: m.post({"title": "something new"}))
        await expect(page.get_by_role("link", name="something new")).to_have_count(1)
        await expect(box).to_have_value("half a wo")
        await expect(box).to_be_focused()


async def test_a_section_that_comes_or_goes_is_shown(rust, browser):
    """An item's page gains its hand-ins when the first is handed in."""
    item = (await rust.use(lambda m: m.post({"title": "one more"}))).data["id"]
    async with window(browser) as page:
        await listens(page, f"{rust.url}/w/{item}")
        await expect(page.locator("#handed")).to_have_count(0)
        await rust.use(lambda m: m.claim(item))
        await rust.use(lambda m: m.done(item, ["text:all of it"], summary="it works"))
        await expect(page.locator("#handed")).to_contain_text("it works")
        await expect(page.locator("#what .pill")).to_have_text("in review")


async def test_the_sentence_turns_when_a_peer_has_taken_what_was_written(tmp_path, browser):
    """The ledger does not change then; an open page that says "only here" looks again by itself."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        async with window(browser) as page:
            await listens(page, rust.url + "/")
            good = re.compile("Heard 1 of 1 town .* Everything you wrote is on at least 1 other")
            await expect(page.locator("#sentence")).to_have_text(good)
            await rust.use(lambda m: m.post({"title": "it travels"}))
            await expect(page.locator("#rows .title a")).to_have_text(["it travels"])
            await expect(page.locator("#sentence")).to_have_text(good)


async def test_a_page_whose_node_is_gone_says_so(rust, browser):
    """What is shown then is old, and the page says how old; when the node is back, that goes."""
    async with window(browser, expected="ERR_") as page:
        await listens(page, rust.url + "/")
        await expect(page.locator("#lost")).to_be_hidden()
        await page.context.set_offline(True)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator("#lost")).to_contain_text("The node does not answer")
        await expect(page.locator("#live")).to_have_text("not live")
        await page.context.set_offline(False)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(page.locator("#lost")).to_be_hidden()
