"""What a turn is told: three tiers, each letter and nudge once, whoever asks at once or dies."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Event
from ledger.private.store import Change
from ledger.workspace import letters
from ledger.workspace.letters import Letter
from ledger.workspace.rows import Agent
from ledger.workspace.talk import Nudge
from ledger.workspace.work import Session
from tests.house.children import measured
from tests.town.talkers import Talkers
from town.beads.ports import BeadPorts, Caller
from town.node.home import Home
from town.node.private import OpenPrivate
from town.nudge.desk import QUEUE, Saying

MAX = "api/crew/max"
QUEUED = {"mode": QUEUE}


@pytest.fixture
def talk():
    """The talk of a town in memory."""
    return Talkers()


def letter(subject: str, priority: int = 2) -> Letter:
    """A letter to max."""
    return Letter(to=(MAX,), subject=subject, priority=priority)


def ids_in(text: str) -> list[str]:
    """The letters that a block names."""
    return re.findall(r"msg-[a-z0-9]+", text)


def test_each_tier_has_its_own_words(talk):
    """Scenario 37: urgent now, high before going idle, everything else after the task in hand."""
    for name, priority in (("low", 3), ("fire", 0), ("plain", 2), ("soon", 1)):
        talk.mail().send(letter(name, priority))
    text = talk.nudges(MAX).inject("s1").text
    order = [
        text.index(word)
        for word in (
            "URGENT: stop", '"fire"', "HIGH: read these before you go idle", '"soon"',
            "after your current task", '"plain"', '"low"',
        )
    ]  # fmt: skip
    assert order == sorted(order)
    assert text.startswith("<system-reminder>\n")
    assert text.endswith("\n</system-reminder>")
    assert letters.DATA in text


def test_a_turn_is_told_once_and_a_box_stays_unread(talk):
    """The second turn hears nothing of it; the letter waits in the box until it is read."""
    sent = talk.mail().send(letter("one"))
    desk = talk.nudges(MAX)
    told = desk.inject("s1")
    desk.acked(told)
    assert told.messages == (sent.id,)
    assert desk.inject("s1").text == ""
    assert desk.inject("s2").text == ""
    assert talk.mail(MAX).unread_count() == 1
    talk.mail(MAX).mark_read([sent.id])
    talk.mail(MAX).mark_unread([sent.id])
    assert desk.inject("s3").text == ""


def test_what_a_dead_process_did_not_print_is_told_in_a_later_session_only(talk):
    """Nobody knows whether the session saw it, so it is not told there again."""
    talk.mail().send(letter("one"))
    talk.nudges().nudge(MAX, Saying(text="hurry", **QUEUED))
    desk = talk.nudges(MAX)
    assert desk.inject("s1").text  # and never acked
    assert desk.inject("s1").text == ""
    again = desk.inject("s2")
    assert '"one"' in again.text
    assert '"hurry"' in again.text
    desk.acked(again)
    assert desk.inject("s3").text == ""


def test_an_unnamed_turn_is_one_of_the_session_that_the_town_knows(talk):
    """Where the runtime says nothing of its session, its row does."""
    talk.put(Session(id="se-1", agent=MAX, started_at=talk.now))
    talk.mail().send(letter("one"))
    assert talk.nudges(MAX).inject().session == "se-1"
    talk.put(Session(id="se-1", agent=MAX, started_at=talk.now, ended_at=talk.now + 1))
    talk.put(Session(id="se-2", agent=MAX, started_at=talk.now + 1))
    assert talk.nudges(MAX).inject().session == "se-2"


def test_whoever_is_not_to_be_disturbed_hears_what_is_urgent_alone(talk):
    """Scenario 37: the rest waits until it may be heard again, and then is."""
    talk.nudges(MAX).set_level(letters.MUTED)
    plain, fire = talk.mail().send(letter("plain")), talk.mail().send(letter("fire", 0))
    assert talk.nudges(MAX).inject("s1").messages == (fire.id,)
    talk.nudges(MAX).set_level(letters.NOTIFYING)
    assert talk.nudges(MAX).inject("s1").messages == (plain.id,)


def test_looking_at_a_box_tells_no_turn_and_takes_nothing_from_one(talk):
    """Scenario 37: an observer's look, and the owner's own, leave the letter for the turn's end."""
    sent = talk.mail().send(letter("one"))
    talk.mail("overseer").inbox(whose=MAX)
    talk.mail("overseer").read(sent.id)
    talk.mail(MAX).inbox()
    assert talk.nudges("overseer").inject("s0").text == ""
    assert talk.nudges(MAX).inject("s1").messages == (sent.id,)


@given(st.text(), st.text())
def test_what_others_wrote_cannot_leave_its_line_or_its_block(subject, text):
    """No text ends the block, begins one, or makes a line of its own."""
    talk = Talkers()
    talk.mail().send(letter(f"x{subject}"[:500]))
    talk.nudges().nudge(MAX, Saying(text=f"x{text}"[: letters.NUDGE_CHARS_MAX], **QUEUED))
    block = talk.nudges(MAX).inject("s1").text
    assert block.count("<") == block.count(">") == 2
    assert block.count('"') == 4
    assert len(block.splitlines()) == 8


def test_a_block_is_bounded_and_the_rest_comes_later(talk):
    """A hundred long letters come in blocks of a bounded size, each letter once."""
    sent = {talk.mail().send(letter("x<" * 240, n % 4)).id for n in range(100)}
    for n in range(20):
        talk.nudges().nudge(MAX, Saying(text=f"{n}" + "y" * 3_000, **QUEUED))
    seen: list[str] = []
    said = 0
    for turn in range(40):
        told = talk.nudges(MAX).inject("s1")
        if not told.text:
            break
        assert len(told.text) <= letters.BLOCK_CHARS_MAX + 200
        seen += told.messages
        said += len(told.nudges)
        assert turn < 39
    assert sorted(seen) == sorted(sent)
    assert said == 20


class Interleaved(MemoryPrivate):
    """A store where somebody else acts between the look and the change of a use case."""

    def __init__(self) -> None:
        super().__init__()
        self.between: list[Callable[[], object]] = []

    def apply(self, change: Change) -> Sequence[Event]:
        """The change, after whatever comes between."""
        while self.between:
            self.between.pop()()
        return super().apply(change)


@given(mails=st.integers(1, 30), nudges=st.integers(0, 12), others=st.integers(1, 4))
def test_whoever_asks_at_once_each_thing_is_told_once(mails, nudges, others):
    """Others look while one of them acts: nothing is told twice, and nothing is lost."""
    talk = Talkers(Interleaved())
    sent = [talk.mail().send(letter(f"m{n}", n % 4)).id for n in range(mails)]
    for n in range(nudges):
        talk.nudges().nudge(MAX, Saying(text=f"n{n}", **QUEUED))
    said = [one.id for one in talk.store.find(Nudge)]
    told = []
    talk.store.between = [lambda: told.append(talk.nudges(MAX).inject("s1"))] * others
    while (found := talk.nudges(MAX).inject("s1")).text:
        told.append(found)
    assert sorted(one for t in told for one in t.messages) == sorted(sent)
    assert sorted(one for t in told for one in t.nudges) == sorted(said)
    assert sorted(one for t in told for one in ids_in(t.text)) == sorted(sent)


class Threaded(Talkers):
    """The talk of a town whose database has a thread of its own."""

    def __init__(self, private: OpenPrivate) -> None:
        super().__init__(private.store)
        self.private = private

    def ports(self, actor: str, session: str = "") -> BeadPorts:
        """What a use case of this caller is given."""
        return self.private.ports(Caller(actor=actor, session=session))


def test_threads_that_ask_at_once_share_what_there_is(tmp_path):
    """Eight injectors on one real database, all in one moment: each letter in one block."""
    home = Home(tmp_path / "gt" / ".wasteland")
    home.furnish()
    private = OpenPrivate(home, {})
    try:
        talkers = private.run(lambda: Threaded(private))
        sent = {talkers.mail().send(letter(f"m{n}")).id for n in range(60)}
        gate = threading.Barrier(8)

        def ask(_: int) -> list[str]:
            gate.wait()
            found: list[str] = []
            while (told := talkers.nudges(MAX).inject("s1")).text:
                found += told.messages
            return found

        with ThreadPoolExecutor(8) as pool:
            whole = [one for found in pool.map(ask, range(8)) for one in found]
    finally:
        private.close()
    assert sorted(whole) == sorted(sent)


# --- as it is typed


AS_MAYOR = {"GT_ROLE": "mayor", "GT_SESSION_ID": "s1"}


def test_check_says_by_its_exit_whether_there_is_mail(town, prompt):
    """0 for new mail, 1 for none; `--inject` is 0 in either case, and tells once."""
    assert prompt.gt("mail", "check", env=AS_MAYOR).code == 1
    quiet = prompt.gt("mail", "check", "--inject", env=AS_MAYOR)
    assert (quiet.code, quiet.text) == (0, "")
    assert prompt.gt("mail", "send", "mayor/", "-s", "hi", "-m", "body").code == 0
    assert prompt.gt("mail", "check", env=AS_MAYOR).code == 0
    told = prompt.gt("mail", "check", "--inject", env=AS_MAYOR)
    assert told.code == 0
    assert '"hi"' in told.text
    again = prompt.gt("mail", "check", "--inject", env=AS_MAYOR)
    assert (again.code, again.text) == (0, "")
    assert prompt.gt("mail", "check", env=AS_MAYOR).code == 0  # it is unread all the same
    assert prompt.json("gt", "mail", "check", env=AS_MAYOR)["data"] == {"unread": 1}


def test_inject_fails_for_nobody(town, prompt):
    """Outside of any town it says why on standard error, and is 0: an agent is not to stop."""
    prompt.at = prompt.at.parent
    found = prompt.gt("mail", "check", "--inject")
    assert (found.code, found.text) == (0, "")
    assert "in no town" in found.talk


@pytest.mark.slow
def test_an_injector_killed_before_it_printed_is_made_good_in_the_next_session(town, prompt):
    """kill -9 between taking and printing: not in that session again, once in the next."""
    prompt.gt("mail", "send", "mayor/", "-s", "precious")
    prelude = (
        "import os, signal, cli.gt.injecting as i\n"
        "i.escape = lambda text: os.kill(os.getpid(), signal.SIGKILL)"
    )
    env = prompt.env
    prompt.env = {**env, **AS_MAYOR}
    dead = prompt.spawn("gt", "mail", "check", "--inject", prelude=prelude)
    assert (dead.returncode, dead.stdout) == (-9, "")
    assert prompt.gt("mail", "check", "--inject").text == ""
    prompt.env = {**env, **AS_MAYOR, "GT_SESSION_ID": "s2"}
    assert '"precious"' in prompt.gt("mail", "check", "--inject").text
    prompt.env = {**env, **AS_MAYOR, "GT_SESSION_ID": "s3"}
    assert prompt.gt("mail", "check", "--inject").text == ""


@pytest.mark.slow
def test_processes_that_ask_at_once_share_what_there_is(town, prompt):
    """Four real processes at one moment: every letter is printed by exactly one of them."""
    sent = [
        prompt.json("gt", "mail", "send", "mayor/", "-s", f"m{n}")["data"]["id"] for n in range(5)
    ]
    begun = [
        subprocess.Popen(
            prompt.command("gt", "mail", "check", "--inject", "--json"),
            cwd=prompt.at, env=measured({**prompt.env, **AS_MAYOR}), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    told: list[str] = []
    for one in begun:
        out, err = one.communicate(timeout=100)
        assert one.returncode == 0
        told += json.loads(out)["messages"] if out else []
        assert bool(out) != bool(err), (out, err)
    assert len(told) == len(set(told))
    told += json.loads(prompt.gt("mail", "check", "--inject", "--json", env=AS_MAYOR).text)[
        "messages"
    ]
    assert sorted(told) == sorted(sent)


def test_an_agent_that_works_by_itself_hears_it_when_it_is_primed(town, prompt):
    """`gt prime --hook` tells it once, at its end; whoever works with a person hears it later."""
    home = Home(town / ".wasteland")
    private = OpenPrivate(home, {})
    rex_row = Agent(id="deacon/dogs/rex", role="dog", name="rex")
    private.run(lambda: private.store.apply(Change(puts=(rex_row,))))
    private.close()
    for who in ("rex", "mayor/"):
        assert prompt.gt("mail", "send", who, "-s", "hello").code == 0
    rex = {"GT_ROLE": "deacon/dogs/rex", "GT_SESSION_ID": "s1"}
    assert '"hello"' not in prompt.gt("prime", env=rex).text
    primed = prompt.gt("prime", "--hook", env=rex)
    assert primed.code == 0, primed.talk
    assert primed.text.index("### what waits for you") < primed.text.index('"hello"')
    assert '"hello"' not in prompt.gt("prime", "--hook", env=rex).text
    assert prompt.gt("mail", "check", "--inject", env=rex).text == ""
    mayor = {"GT_ROLE": "mayor", "GT_SESSION_ID": "s2"}
    assert '"hello"' not in prompt.gt("prime", "--hook", env=mayor).text
    assert '"hello"' in prompt.gt("mail", "check", "--inject", env=mayor).text
    assert prompt.gt("mail", "send", "--human", "-s", "yours", env=mayor).code == 0
    for more in ((), ("--compact",)):
        assert '"yours"' not in prompt.gt("prime", "--hook", *more).text
    assert prompt.gt("mail", "send", "mayor/", "-s", "again").code == 0
    assert '"again"' in prompt.gt("prime", "--hook", "--compact", env=mayor).text
