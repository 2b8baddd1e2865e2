"""Nudges: in three modes, to idle and busy ones; what waits, lapses, is refused; each told once."""

import pytest
from msgspec.structs import replace as with_other

from ledger.workspace import letters
from ledger.workspace.letters import BadLetterError, Letter
from ledger.workspace.rows import Agent
from ledger.workspace.talk import DELIVERED, EXPIRED, PENDING, REFUSED, SENDING, Message, Nudge
from ledger.workspace.work import Lease, Session
from tests.town.talkers import MINUTE, Talkers
from tests.town.test_mail_told import Interleaved
from town.node.makers import ProcessMakers
from town.nudge.desk import IMMEDIATE, QUEUE, WAIT_IDLE, Saying
from town.nudge.errors import (
    AsleepError,
    FullError,
    MutedError,
    NudgeRefusedError,
    PersonError,
)  # fmt: skip
from town.sessions.names import session_name
from town.sessions.port import NoSessionError, Running

RUST = "api/polecats/rust"
NAME = "ap-rust"


class Alone:
    """Sessions of one agent that prints nothing, or does not stop printing."""

    def __init__(self, town: Talkers, *, busy_until: int = 0, name: str = NAME) -> None:
        self.town = town
        self.busy_until = busy_until
        self.name = name
        self.typed: list[str] = []
        self.fails = False

    def find(self, name: str) -> Running | None:
        """The session, which printed a moment ago as long as it is busy."""
        if name != self.name:
            return None
        busy = self.town.now < self.busy_until
        active = self.town.now if busy else max(self.busy_until, self.town.now - 5_000_000)
        return Running(name=name, pid=1, created=1.0, active_at=active)

    def send(self, name: str, text: str) -> None:
        """The text was typed into it."""
        if self.fails or name != self.name:
            raise NoSessionError(name)
        self.typed.append(text)


@pytest.fixture
def talk():
    """A town in which only rust has a session, which is idle."""
    found = Talkers()
    found.sessions = Alone(found)
    return found


def row(talk: Talkers, nudge: Nudge | None) -> Nudge:
    """What is recorded of the nudge."""
    assert nudge is not None
    found = talk.store.get(Nudge, nudge.id)
    assert found is not None
    return found


def test_an_idle_session_hears_it_at_once(talk):
    """It is typed, once, with whose it is; and that is recorded."""
    said = talk.nudges("mayor").nudge(RUST, Saying(text="look\x1b[2J\nhere"))
    assert talk.sessions.typed == ["[from mayor] look [2J here"]
    assert row(talk, said).state == DELIVERED
    assert row(talk, said).outcome == "typed into ap-rust"
    assert talk.nudges(RUST).inject("s1").text == ""
    assert talk.store.find(Lease) == []


def test_a_busy_session_is_waited_for_and_then_told_at_its_turns_end(talk):
    """Ten seconds long; what it was not told by then waits, and is told once."""
    talk.sessions.busy_until = talk.now + 60_000_000
    said = talk.nudges("mayor").nudge(RUST, Saying(text="look"))
    assert sum(talk.slept) == pytest.approx(10, abs=0.5)
    assert talk.sessions.typed == []
    assert row(talk, said).state == PENDING
    told = talk.nudges(RUST).inject("s1")
    assert told.nudges == (said.id,)
    assert row(talk, said).state == DELIVERED
    assert talk.nudges(RUST).inject("s1").text == ""


def test_a_session_that_becomes_idle_in_time_is_told_then(talk):
    """Nobody waits longer than needed."""
    talk.sessions.busy_until = talk.now + 2_000_000
    said = talk.nudges("mayor").nudge(RUST, Saying(text="look"))
    assert 5 <= sum(talk.slept) <= 6
    assert row(talk, said).state == DELIVERED


def test_immediate_interrupts_and_queue_never_does(talk):
    """Scenario 38: the modes do what they are called."""
    talk.sessions.busy_until = talk.now + 60_000_000
    now = talk.nudges("mayor").nudge(RUST, Saying(text="now", mode=IMMEDIATE))
    later = talk.nudges("mayor").nudge(RUST, Saying(text="later", mode=QUEUE))
    assert talk.sessions.typed == ["[from mayor] now"]
    assert (row(talk, now).state, row(talk, later).state) == (DELIVERED, PENDING)
    assert talk.slept == []


def test_whoever_sleeps_is_told_when_it_wakes_but_not_at_once(talk):
    """Without a session `immediate` is refused and recorded; any other mode waits."""
    with pytest.raises(AsleepError):
        talk.nudges().nudge("max", Saying(text="now", mode=IMMEDIATE))
    refused = talk.store.find(Nudge)[0]
    assert refused.state == REFUSED
    assert "does not run" in refused.outcome
    said = talk.nudges().nudge("max", Saying(text="later", mode=WAIT_IDLE))
    assert row(talk, said).state == PENDING


def test_a_session_that_ends_while_it_is_typed_to_is_recorded(talk):
    """It is refused with the reason, and nobody holds the session's lock."""
    talk.sessions.fails = True
    with pytest.raises(NudgeRefusedError, match="does not run"):
        talk.nudges().nudge(RUST, Saying(text="look", mode=IMMEDIATE))
    assert [one.state for one in talk.store.find(Nudge)] == [REFUSED]
    assert talk.store.find(Lease) == []


def test_what_nobody_took_in_time_lapses_and_is_recorded(talk):
    """Scenario 38: half an hour, two where it is urgent; the sender finds what became of it."""
    plain = talk.nudges().nudge("max", Saying(text="plain", mode=QUEUE))
    urgent = talk.nudges().nudge("max", Saying(text="urgent", mode=QUEUE, urgent=True))
    talk.now += 31 * MINUTE
    told = talk.nudges("api/crew/max").inject("s1")
    assert told.nudges == (urgent.id,)
    assert row(talk, plain).state == EXPIRED
    again = talk.nudges().nudge("max", Saying(text="again", mode=QUEUE))
    talk.now += 31 * MINUTE
    assert talk.nudges("deacon").cycle(talk.now) == 1
    assert row(talk, again).state == EXPIRED
    assert [e.kind for e in talk.store.events(0) if e.kind == "nudge.expired"] == [
        "nudge.expired", "nudge.expired",
    ]  # fmt: skip


def test_the_fifty_first_is_refused(talk):
    """Scenario 38: fifty wait at most; the next is refused and recorded, until some were told."""
    for n in range(50):
        talk.nudges().nudge("max", Saying(text=str(n), mode=QUEUE))
    with pytest.raises(FullError):
        talk.nudges().nudge("max", Saying(text="51", mode=QUEUE))
    assert len(talk.store.find(Nudge, state=PENDING)) == 50
    assert len(talk.store.find(Nudge, state=REFUSED)) == 1
    talk.nudges().nudge("joe", Saying(text="1", mode=QUEUE))
    talk.nudges("api/crew/max").inject("s1")
    talk.nudges().nudge("max", Saying(text="51", mode=QUEUE))


def test_a_full_queue_of_somebody_who_works_is_passed_by(talk):
    """wait-idle falls back to the queue, and from a full one to interrupting."""
    talk.sessions.busy_until = talk.now + 3_600_000_000
    for n in range(50):
        talk.nudges().nudge(RUST, Saying(text=str(n), mode=QUEUE))
    said = talk.nudges().nudge(RUST, Saying(text="51"))
    assert talk.sessions.typed == ["[from overseer] 51"]
    assert row(talk, said).state == DELIVERED


def test_two_who_count_at_once_do_not_both_get_the_last_place():
    """Forty-nine wait; of two that come in one moment one is the fiftieth."""
    talk = Talkers(Interleaved())
    for n in range(49):
        talk.nudges().nudge("max", Saying(text=str(n), mode=QUEUE))
    talk.store.between = [
        lambda: talk.nudges("mayor").nudge("max", Saying(text="first", mode=QUEUE))
    ]
    with pytest.raises(FullError):
        talk.nudges().nudge("max", Saying(text="second", mode=QUEUE))
    waiting = [one.text for one in talk.store.find(Nudge, state=PENDING)]
    assert len(waiting) == 50
    assert "first" in waiting


def test_who_is_not_to_be_disturbed_is_not_but_by_force(talk):
    """It is refused and recorded; `--force` reaches the session, and a turn's end as well."""
    talk.nudges(RUST).set_level(letters.MUTED)
    with pytest.raises(MutedError):
        talk.nudges().nudge(RUST, Saying(text="look"))
    assert [one.state for one in talk.store.find(Nudge)] == [REFUSED]
    assert talk.sessions.typed == []
    talk.nudges().nudge(RUST, Saying(text="look", force=True))
    assert talk.sessions.typed == ["[from overseer] look"]
    said = talk.nudges().nudge(RUST, Saying(text="wait", mode=QUEUE, force=True))
    assert talk.nudges(RUST).inject("s1").nudges == (said.id,)


def test_levels_are_kept_for_agents_and_for_those_without_a_row(talk):
    """normal by default; a wrong word is refused."""
    for who in (RUST, "mayor"):
        desk = talk.nudges(who)
        assert desk.level() == "normal"
        assert desk.set_level("verbose") == "verbose"
        assert talk.nudges(who).level() == "verbose"
    with pytest.raises(BadLetterError):
        talk.nudges().set_level("loud")


def test_services_hear_it_at_once_and_a_person_reads_mail(talk):
    """They are code: what was said to them is an event; a person has no session."""
    said = talk.nudges(RUST).nudge("deacon", Saying(text="session-started"))
    assert row(talk, said).outcome == "heard by the town"
    heard = [e for e in talk.store.events(0) if e.kind == "nudge.heard"]
    assert [(e.subject, e.actor, e.payload["text"]) for e in heard] == [
        ("deacon", RUST, "session-started")
    ]
    talk.nudges().nudge("api/witness", Saying(text="look"))
    with pytest.raises(PersonError):
        talk.nudges("mayor").nudge("overseer", Saying(text="look"))


def test_only_a_fresh_session_speaks_where_that_is_asked(talk):
    """A session that was compacted or went on is not a fresh one."""
    desk = talk.nudges("api/crew/max")
    assert desk.nudge(RUST, Saying(text="hi", fresh_only=True)) is None
    talk.put(Session(id="se", agent="api/crew/max", started_at=talk.now))
    assert desk.nudge(RUST, Saying(text="hi", fresh_only=True)) is not None
    talk.now += 61_000_000
    assert desk.nudge(RUST, Saying(text="hi", fresh_only=True)) is None


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4_001])
def test_nothing_and_too_much_are_not_said(talk, text):
    """It is refused before anything is written."""
    with pytest.raises(BadLetterError):
        talk.nudges().nudge(RUST, Saying(text=text))
    assert talk.store.find(Nudge) == []


def test_what_its_sender_died_with_waits_again(talk):
    """A nudge that was being typed when its process died goes back, marked, after five minutes."""
    stuck = Nudge(
        id="nudge-1", recipient=RUST, text="x", mode=WAIT_IDLE, state=SENDING, sent_at=talk.now,
        expires_at=talk.now + 30 * MINUTE,
    )  # fmt: skip
    talk.put(stuck)
    until = talk.now + 30_000_000
    talk.put(Lease(resource="typing to ap-rust", holder="nudge-1", expires_at=until))
    assert talk.nudges("deacon").cycle(talk.now + 4 * MINUTE) == 0
    talk.now += 5 * MINUTE
    assert talk.nudges("deacon").cycle(talk.now) == 1
    assert row(talk, stuck).state == PENDING
    assert "may have arrived" in row(talk, stuck).outcome
    talk.nudges().nudge(RUST, Saying(text="y"))
    assert talk.sessions.typed == ["[from overseer] y"]


def test_one_at_a_time_types_into_a_session(talk):
    """Whoever holds the session's lock is waited for, half a minute at most."""
    talk.put(Lease(resource="typing to ap-rust", holder="else", expires_at=talk.now + 5_000_000))
    talk.nudges().nudge(RUST, Saying(text="y", mode=IMMEDIATE))
    assert sum(talk.slept) >= 5
    assert talk.sessions.typed == ["[from overseer] y"]


def test_a_sender_that_was_killed_while_it_typed_holds_nobody_up(talk):
    """Its lock has time left, and is free all the same."""
    dead = ProcessMakers().begin("else")  # by somebody who does nothing of that name any more
    talk.put(
        Lease(
            resource="typing to ap-rust", holder=f"else {dead}", expires_at=talk.now + MINUTE // 2
        )
    )
    (desk := talk.nudges()).rights.makers = ProcessMakers()
    desk.nudge(RUST, Saying(text="y", mode=IMMEDIATE))
    found = (talk.slept, talk.sessions.typed, talk.store.find(Lease))
    assert found == ([], ["[from overseer] y"], [])


def test_whoever_typed_for_too_long_leaves_the_lock_of_the_next_one_alone(talk):
    """A lock that lapsed while its holder typed is another's by now, and stays so."""
    typing = talk.sessions.send
    theirs = Lease(resource="typing to ap-rust", holder="else", expires_at=talk.now + 60 * MINUTE)

    def slowly(name: str, text: str) -> None:
        typing(name, text)
        talk.put(theirs)

    talk.sessions.send = slowly
    talk.nudges().nudge(RUST, Saying(text="y", mode=IMMEDIATE))
    assert talk.store.get(Lease, theirs.resource) == theirs


def test_a_runtime_that_is_told_nothing_at_its_turns_is_typed_to_when_idle(talk):
    """One at a time, by the supervisor's round; others are left to their hooks."""
    first = talk.nudges().nudge(RUST, Saying(text="1", mode=QUEUE))
    talk.now += 1
    talk.nudges().nudge(RUST, Saying(text="2", mode=QUEUE))
    assert talk.nudges("deacon").cycle(talk.now) == 0
    talk.undrained = (RUST,)
    assert talk.nudges("deacon").cycle(talk.now) == 1
    assert talk.sessions.typed == ["[from overseer] 1"]
    assert row(talk, first).state == DELIVERED
    assert talk.nudges("deacon").cycle(talk.now) == 1
    assert talk.nudges("deacon").cycle(talk.now) == 0
    assert talk.nudges(RUST).inject("s1").text == ""


def test_a_broadcast_reaches_every_worker_and_waits_for_none(talk):
    """Idle ones at once, others at their turn's end; the caller and the muted not."""
    talk.nudges("web/crew/ada").set_level(letters.MUTED)
    told = talk.nudges("api/crew/max").broadcast("stop")
    states = {one.address: one.nudge.state if one.nudge else one.why for one in told}
    assert states == {
        "api/crew/joe": PENDING, "api/polecats/nux": PENDING, RUST: DELIVERED,
        "web/crew/ada": "web/crew/ada: is not to be disturbed", "web/polecats/toast": PENDING,
    }  # fmt: skip
    assert talk.slept == []
    assert [one.address for one in talk.nudges().broadcast("x", rig="web", dry=True)] == [
        "web/crew/ada", "web/polecats/toast",
    ]  # fmt: skip
    everybody = talk.nudges().broadcast("x", everybody=True, dry=True)
    assert "mayor" in [one.address for one in everybody]
    assert len(talk.store.find(Nudge)) == 5


def test_two_agents_never_have_one_session_name():
    """Whatever they are called: each role, each rig, names that look like other names."""
    prefixes = {"api": "ap", "web": "we"}
    agents = [
        Agent(id="mayor", role="mayor"), Agent(id="deacon", role="deacon"),
        Agent(id="deacon-boot", role="boot"), Agent(id="deacon/dogs/rex", role="dog", name="rex"),
    ]  # fmt: skip
    for rig in prefixes:
        names = ("rust", "crew-max", "max", "witness", "refinery", "polecat-rust", "dog-rex")
        agents += [
            *(Agent(id=f"{rig}/polecats/{n}", role="polecat", rig=rig, name=n) for n in names),
            *(Agent(id=f"{rig}/crew/{n}", role="crew", rig=rig, name=n) for n in names),
            Agent(id=f"{rig}/witness", role="witness", rig=rig, name="witness"),
            Agent(id=f"{rig}/refinery", role="refinery", rig=rig, name="refinery"),
        ]
    named = {one.id: session_name(one, prefixes.get(one.rig, "")) for one in agents}
    assert len(set(named.values())) == len(agents)
    assert named["mayor"] == "hq-mayor"
    assert named["deacon/dogs/rex"] == "hq-dog-rex"
    assert named["api/polecats/rust"] == "ap-rust"
    assert named["api/crew/max"] == "ap-crew-max"
    assert named["web/witness"] == "we-witness"


def test_a_session_is_spoken_to_by_what_began_it(talk):
    """The provider that its row names, whatever new ones are begun with; none for the usual."""
    asked: list[str] = []
    desk = talk.nudges()
    desk.sessions = lambda provider: (asked.append(provider), talk.sessions)[1]
    desk.nudge(RUST, Saying(text="a", mode=IMMEDIATE))
    talk.put(Session(id="s", agent=RUST, provider="process", started_at=talk.now))
    desk.nudge(RUST, Saying(text="b", mode=IMMEDIATE))
    assert set(asked) == {"", "process"}
    assert len(talk.sessions.typed) == 2


def test_rounds_look_at_everything_once_a_minute_or_an_hour_only():
    """A round after each change costs a few rows; old letters are looked for once an hour."""
    talk = Talkers()
    talk.nudges("deacon").cycle(talk.now)
    talk.mail().send(Letter(to=("max",), subject="old"))
    talk.put(*(with_other(m, sent_at=1) for m in talk.store.find(Message)))
    assert talk.nudges("deacon").cycle(talk.now) == 0
    talk.now += 61 * MINUTE
    assert talk.nudges("deacon").cycle(talk.now) == 2
    assert talk.store.find(Message) == []


def test_whoever_does_not_wait_any_more_leaves_the_nudge_in_the_queue(talk):
    """A caller that was interrupted holds nothing up: what it said is told at the turn's end."""
    talk.sessions.busy_until = talk.now + MINUTE
    talk.given_up = True
    said = talk.nudges().nudge(RUST, Saying(text="x"))
    assert row(talk, said).state == PENDING
    assert talk.slept == []
