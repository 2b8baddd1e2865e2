"""What tests of the board share: three towns at work, made once a file, and a real browser."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.house.parts import chromium
from tests.waiting import LONG_S
from tests.web.towns import Towns, towns

expect.set_options(timeout=1_000 * LONG_S)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def three(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Towns]:
    """Three days of work between three real nodes."""
    async with towns(tmp_path_factory.mktemp("towns")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, found on this machine; nothing is downloaded."""
    path = chromium()
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        found = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield found
        await found.close()
