"""What the tests of the town share: a prompt, and a town that was just made."""

from pathlib import Path

import pytest

from tests.town.prompt import Prompt


@pytest.fixture
def prompt(tmp_path) -> Prompt:
    """Somebody whom git knows, in an empty folder."""
    return Prompt(tmp_path)


@pytest.fixture
def town(prompt) -> Path:
    """A town that was just made; the prompt stands in it."""
    root = prompt.at / "gt"
    assert prompt.gt("install", str(root)).code == 0
    prompt.at = root
    return root
