"""The board in real Chromium: live, without a console error, readable at two widths."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.transport.nodes import Node, joined, node

CHROME = os.environ.get("WL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROME is None, reason="no Chromium; tools/ci-packages installs it"),
]


@pytest.fixture
async def rust(tmp_path) -> AsyncIterator[Node]:
    """A node with a board, an item of its own and one that it holds."""
    async with node(tmp_path, "rust") as one:
        await joined(one)
        await one.use(lambda m: m.post({"title": "Fix the token refresh race", "type": "bug"}))
        held = await one.use(lambda m: m.post({"title": "Write the guide", "type": "docs"}))
        await one.use(lambda m: m.claim(held.data["id"]))
        yield one


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of a fresh browser; its console must stay empty."""
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=CHROME, args=arguments)
        page = await browser.new_page()
        problems: list[str] = []
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        await browser.close()
        assert problems == [], "the console has errors"


@pytest.mark.parametrize("width", [1280, 390])
async def test_every_page_fits_and_the_console_stays_empty(rust, page, width):
    """No error, nothing wider than the screen, one heading level after another."""
    item = rust.town.market.browse({}).data["items"][0]["id"]
    await page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", f"/w/{item}", "/peers", "/rigs/rust"):
        await page.goto(rust.url + path)
        await expect(page.locator("main")).to_be_visible()
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
        unnamed = await page.evaluate(
            "[...document.querySelectorAll('a,button,input,select')].filter("
            "e => !(e.textContent.trim() || e.labels?.length)).length"
        )
        assert unnamed == 0, path


async def test_a_page_that_is_open_shows_what_changes(rust, page):
    """A post from a terminal stands on the open page without a reload."""
    await page.goto(rust.url + "/")
    await expect(page.get_by_text("Fix the token refresh race")).to_have_count(1)
    await asyncio.to_thread(rust.town.market.post, {"title": "It came while you looked"})
    await expect(page.get_by_text("It came while you looked")).to_have_count(1)


async def test_the_board_works_with_scripts_off(rust):
    """Filters are a form, items are links."""
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=CHROME, args=arguments)
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(rust.url + "/")
        await page.get_by_label("type").fill("docs")
        await page.get_by_label("status").select_option("all")
        await page.get_by_role("button", name="show").click()
        rows = page.locator("section:last-of-type tbody tr")
        await expect(rows).to_have_count(1)
        await rows.first.get_by_role("link").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Write the guide")
        await browser.close()
