"""What sessions printed: the old goes, what runs or is recent stays, and seance says what is so."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.private.store import Change
from ledger.workspace.rows import Agent
from ledger.workspace.work import Session
from tests.town.towns import TestTown, town_in
from town.growth.rules import RECENT_US, Transcript, too_many
from town.seance.desk import SilentError
from town.workspace.files import write_json

DAY_US = RECENT_US
NOW = 1_000 * DAY_US


def kept(name: int, *, size: int, days: int, live: bool = False) -> Transcript:
    """A transcript of a session that ended so many days ago, or goes on."""
    ended = NOW - days * DAY_US
    row = Session(id=f"s{name}", ended_at=0 if live else ended)
    return Transcript(path=Path(f"s{name}.log"), size=size, row=row, ended_at=ended)


SOME = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 20), st.booleans()), max_size=12).map(
    lambda rows: [
        kept(number, size=size, days=days, live=live)
        for number, (days, size, live) in enumerate(rows)
    ]
)


@given(SOME, st.integers(1, 60), st.integers(0, 100))
@example([kept(0, size=1, days=1), kept(1, size=0, days=2)], 3, 0)
def test_what_goes_is_old_or_too_much_and_never_what_is_needed(found, age, most):
    """No live or recent one; all that are too old; the oldest first, and no more than must go."""
    gone = too_many(found, now=NOW, age_us=age * DAY_US, bytes_max=most)
    left = [one for one in found if one not in gone]
    for one in gone:
        assert one.row is not None
        assert one.row.ended_at
        assert NOW - one.ended_at >= RECENT_US
    may_go = [one for one in left if one.row.ended_at and NOW - one.ended_at >= RECENT_US]
    assert all(NOW - one.ended_at < age * DAY_US for one in may_go)
    assert not may_go or sum(one.size for one in left) <= most
    too_much = [one for one in gone if NOW - one.ended_at < age * DAY_US]
    if too_much:  # the last that went had to go, and nothing older stayed
        last = max(too_much, key=lambda one: (one.ended_at, one.path.name))
        assert sum(one.size for one in left) + last.size > most
        assert all(other.ended_at >= last.ended_at for other in may_go)


@pytest.fixture
def town(tmp_path):
    with town_in(tmp_path) as found:
        yield found


def session(town: TestTown, name: str, *, days: int, live: bool = False) -> Path:
    """A session with a transcript, which ended so many days ago."""
    path = town.workspace.transcripts / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{name} said something\n" * 100)
    works = town.works()
    ended = works.now() - days * DAY_US
    os.utime(path, (ended / 1e6, ended / 1e6))
    row = Session(
        id=name, agent="mayor", started_at=1, transcript=str(path), ended_at=0 if live else ended
    )
    change = Change(puts=(row, Agent(id="mayor", role="mayor")))
    works.town.act("a session", lambda: (None, change))
    return path


def test_a_town_keeps_what_its_settings_say(town):
    """Old ones are gone with strays; the live and the young stay, and answer in a seance."""
    old, young = session(town, "ses-old", days=40), session(town, "ses-young", days=5)
    live = session(town, "ses-live", days=400, live=True)
    stray = town.workspace.transcripts / "ses-stray.log"
    stray.write_text("x")
    os.utime(stray, (1, 1))
    works = town.works()
    assert {one.path for one in works.transcripts.prune(town.workspace)} == {old, stray}
    assert (old.exists(), stray.exists(), young.exists(), live.exists()) == (
        False, False, True, True,
    )  # fmt: skip
    assert works.seance.ask("ses-young", "something").passages
    with pytest.raises(SilentError, match="no transcript of it was kept"):
        works.seance.ask("ses-old", "something")
    assert [row.id for row in works.seance.listed(at_most=9)] != []
    write_json(town.workspace.settings, {"keep": {"transcripts_mb": 0}})
    assert {one.path for one in works.transcripts.prune(town.workspace)} == {young}
    assert live.exists()
