"""How tests look at a page: a fresh window whose console must stay empty, and axe over it."""

import contextlib
import hashlib
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, Page

from tests.house.tree import ROOT
from tests.waiting import LONG_S

AXE = ROOT / "tests" / "data" / "axe-core" / "axe.min.js"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
FAILED = 500
WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextlib.asynccontextmanager
async def window(browser: Browser, *, expected: str = "", **options: Any) -> AsyncIterator[Page]:
    """A page of a fresh window; in the end its console had no error but the expected one."""
    context = await browser.new_context(**options)
    context.set_default_timeout(1_000 * LONG_S)
    await context.add_init_script(WATCH)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "response", lambda r: said.append(f"{r.status} {r.url}") if r.status >= FAILED else None
    )
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    try:
        yield page
    finally:
        await context.close()
    unexpected = [text for text in said if not expected or expected not in text]
    assert not unexpected, unexpected


async def barriers(page: Page) -> list[str]:
    """What axe finds in the page as it is shown, whatever its weight."""
    source = AXE.read_bytes()
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256
    await page.evaluate(source.decode())
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['impact']} {one['id']}: {node['html'][:160]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
