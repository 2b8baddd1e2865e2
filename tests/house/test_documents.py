"""The documents: their links lead somewhere, and what must be written is."""

import re
from pathlib import Path

import pytest

from tests.house import tree

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```|``[^\n]*?``|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    return [path for path in tree.files() if path.suffix == ".md" and "data" not in path.parts]


def anchors(text: str) -> set[str]:
    """The names that a heading can be linked by."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in words}


@pytest.mark.parametrize("document", documents(), ids=tree.name_of)
def test_each_link_of_a_document_leads_somewhere(document):
    """A link into the tree names a file that is there, and a heading that it has."""
    broken = []
    for link in LINK.findall(CODE.sub("", document.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    assert not broken


def test_the_first_screen_of_the_readme_shows_the_two_commands():
    """A newcomer sees at once how to try it and how to test it."""
    first_screen = "\n".join((tree.ROOT / "README.md").read_text("utf-8").splitlines()[:40])
    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert "3.11" in first_screen


def test_the_architecture_fits_on_one_page():
    """ARCHITECTURE.md stays short enough to be read, and names the five packages."""
    text = (tree.ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert len(text.splitlines()) <= 120
    assert all(f"`{package}`" in text or f"`{package}/`" in text for package in tree.PACKAGES)


def test_each_decision_says_when_it_holds():
    """An ADR has a number in its name and the four headings that a reader looks for."""
    decisions = sorted((tree.ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(path.name[:4]) for path in decisions if path.name[:4].isdigit()]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in decisions:
        if path.name[:4].isdigit():
            text = path.read_text("utf-8")
            for heading in ("## Context", "## Decision", "## Consequences"):
                assert heading in text, path.name


def test_changelog_fragments_have_a_kind():
    """A fragment's name ends in a kind that the changelog knows."""
    kinds = ("added", "changed", "fixed", "removed")
    strays = [
        path.name
        for path in (tree.ROOT / "changelog.d").iterdir()
        if path.name not in ("README.md", ".gitkeep") and path.name.split(".")[-2] not in kinds
    ]
    assert not strays
