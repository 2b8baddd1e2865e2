"""Mail is told of: at once to whoever is idle, else once it is, or at a turn's end."""

import pytest

from ledger.workspace import letters
from ledger.workspace.talk import Nudge
from ledger.workspace.work import Session
from tests.town.talkers import MINUTE, Talkers
from tests.town.test_nudge import RUST, Alone


@pytest.fixture
def talk():
    """A town in which only rust has a session, which is idle."""
    found = Talkers()
    found.sessions = Alone(found)
    return found


def test_mail_wakes_whoever_is_idle_and_wants_it(talk):
    """An idle session gets a line; a muted one only for what is urgent; low mail wakes nobody."""
    desk = talk.nudges("mayor")
    assert desk.announce((RUST,), subject="x", priority=0) == []
    talk.put(Session(id="s", agent=RUST, started_at=talk.now))
    assert desk.announce((RUST, "api/crew/max"), subject="a\nb", priority=2) == [RUST]
    assert talk.sessions.typed == ["New mail from mayor: a b (gt mail inbox)"]
    assert desk.announce((RUST,), subject="x", priority=3) == []
    talk.nudges(RUST).set_level(letters.VERBOSE)
    assert desk.announce((RUST,), subject="x", priority=3) == [RUST]
    talk.nudges(RUST).set_level(letters.MUTED)
    assert desk.announce((RUST,), subject="x", priority=1) == []
    assert desk.announce((RUST,), subject="x", priority=0) == [RUST]
    talk.sessions.busy_until = talk.now + MINUTE
    assert desk.announce((RUST,), subject="x", priority=0) == []
    assert desk.announce(("deacon", "overseer"), subject="x", priority=0) == []
    assert talk.store.find(Nudge) == []


def test_mail_for_who_works_and_hears_nothing_at_its_turns_ends_is_told_once_it_is_idle(talk):
    """A runtime without hooks: one word for all that came, urgent mail also where it is muted."""
    talk.put(Session(id="s", agent=RUST, started_at=talk.now))
    talk.sessions.busy_until = talk.now + MINUTE
    talk.undrained = (RUST,)
    for priority in (0, 2):
        assert talk.nudges("mayor").announce((RUST,), subject="x", priority=priority) == []
    talk.nudges(RUST).set_level(letters.MUTED)
    assert talk.nudges("deacon").cycle(talk.now) == 0
    talk.now += 2 * MINUTE
    assert talk.nudges("deacon").cycle(talk.now) == 1
    assert talk.sessions.typed == ["[from mayor] New mail came while you worked: gt mail inbox"]
    assert len(talk.store.find(Nudge)) == 1
