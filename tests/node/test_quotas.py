"""What strangers have used of the quotas, across starts of a real town with files."""

import pytest

from tests.cli.towns import TypedTown
from town.node.quotas import KEEP_US, Quotas


class Clock:
    """A clock in the test's hand."""

    now = 1_700_000_000_000_000


@pytest.fixture
def town(tmp_path):
    """A town with files."""
    found = TypedTown(tmp_path, "rust")
    assert found.type("init", "--handle", "rust").code == 0
    yield found.town.town
    found.town.close()


def quotas(town) -> Quotas:
    """As a process that starts finds them."""
    return Quotas(town, records_day=lambda: 100, now=lambda: Clock.now)


def left(found: Quotas, where: str = "a" * 64) -> float:
    """What a stranger may still add."""
    return found.of(where).records.left("bolt", now=Clock.now)


def test_what_was_used_is_used_after_a_start_and_on_its_board_alone(town):
    """A command without a node is a process each time: a hundred records are a hundred a day."""
    first = quotas(town)
    first.of("a" * 64).spend(account="bolt", peer="p", records=60, size=1_000, now=Clock.now)
    first.save()
    second = quotas(town)
    assert left(second) == 40
    assert left(second, "b" * 64) == 100
    second.of("a" * 64).spend(account="bolt", peer="p", records=30, size=1_000, now=Clock.now)
    second.save()
    assert left(quotas(town)) == 10


def test_a_note_is_written_once_a_minute_and_only_when_something_was_used(town, monkeypatch):
    """A node under a flood does not write a note for each record."""
    found = quotas(town)
    found.of("a" * 64).spend(account="bolt", peer="p", records=1, size=1, now=Clock.now)
    found.keep()
    assert town.note("quotas", "a" * 64) is None
    monkeypatch.setattr(Clock, "now", Clock.now + KEEP_US)
    found.keep()
    note = town.note("quotas", "a" * 64)
    monkeypatch.setattr(Clock, "now", Clock.now + KEEP_US)
    found.keep()
    found.save()
    assert town.note("quotas", "a" * 64) == note
    assert note is not None
