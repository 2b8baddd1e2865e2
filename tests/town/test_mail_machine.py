"""Mail against a dumb account of it: whatever is sent, read, put away, told or died with."""

from collections import defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.workspace.letters import LEVELS, MUTED, NOTIFYING, Letter
from ledger.workspace.talk import Delivery, Message
from tests.town.talkers import Talkers

PEOPLE = ("mayor", "api/crew/max", "api/polecats/rust", "overseer")
WHO = st.sampled_from(PEOPLE)
SESSIONS = st.sampled_from(["s1", "s2", "s3"])


class MailMachine(RuleBasedStateMachine):
    """Four who write to each other; the account holds sets of (whose, letter)."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = Talkers()
        self.boxed: set[tuple[str, str]] = set()
        self.read: set[tuple[str, str]] = set()
        self.away: set[tuple[str, str]] = set()
        self.settled: set[tuple[str, str]] = set()  # acked, or read, or put away
        self.told: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.urgent: set[str] = set()
        self.level = dict.fromkeys(PEOPLE, NOTIFYING)

    @rule(sender=WHO, to=st.sets(WHO, min_size=1), priority=st.integers(0, 4))
    def send(self, sender, to, priority):
        """A letter to some of them."""
        sent = self.talk.mail(sender).send(
            Letter(to=tuple(sorted(to)), subject="x", priority=priority)
        )
        assert set(sent.recipients) == to
        self.boxed |= {(one, sent.id) for one in to}
        if priority == 0:
            self.urgent.add(sent.id)

    @precondition(lambda self: self.boxed)
    @rule(data=st.data(), verb=st.sampled_from(["read", "archive", "delete", "unread", "peek"]))
    def handle(self, data, verb):
        """A recipient does something with a letter of its own."""
        whose, letter = one = data.draw(st.sampled_from(sorted(self.boxed)))
        mail = self.talk.mail(whose)
        if verb == "delete":
            mail.delete([letter])
            for kept in (self.boxed, self.read, self.away):
                kept.discard(one)
        elif verb == "archive":
            mail.archive([letter])
            self.away.add(one)
            self.read.discard(one)
        elif verb == "unread":
            mail.mark_unread([letter])
            self.read.discard(one)
            self.away.discard(one)
        elif verb == "read":
            mail.read(letter)
            if one not in self.away:
                self.read.add(one)
        else:
            mail.peek(letter)
        if verb != "peek":
            self.settled.add(one)

    @precondition(lambda self: self.boxed)
    @rule(data=st.data(), watcher=WHO)
    def look(self, data, watcher):
        """Somebody looks at a letter and at a box that need not be their own."""
        whose, letter = data.draw(st.sampled_from(sorted(self.boxed)))
        self.talk.mail(watcher).inbox(whose=whose)
        if (watcher, letter) not in self.boxed:
            self.talk.mail(watcher).read(letter)

    @rule(whose=WHO, level=st.sampled_from(LEVELS))
    def quieten(self, whose, level):
        """Somebody wants to be told more, or less."""
        self.talk.nudges(whose).set_level(level)
        self.level[whose] = level

    @rule(whose=WHO, session=SESSIONS, dies=st.booleans())
    def turn(self, whose, session, dies):
        """A turn ends; its process prints and acks, or dies before."""
        desk = self.talk.nudges(whose)
        told = desk.inject(session)
        for letter in told.messages:
            one = (whose, letter)
            assert one in self.boxed - self.read - self.away - self.settled
            assert self.told[one][-1:] != [session]
            assert self.level[whose] != MUTED or letter in self.urgent
            self.told[one].append(session)
        if not dies:
            desk.acked(told)
            self.settled |= {(whose, letter) for letter in told.messages}

    @invariant()
    def boxes_are_as_the_account_has_them(self):
        """Every letter lies with exactly its recipients, in the state that they gave it."""
        rows = {(d.recipient, d.message): d for d in self.talk.store.find(Delivery)}
        assert set(rows) == self.boxed
        assert {m.id for m in self.talk.store.find(Message)} == {letter for _, letter in self.boxed}
        assert {one for one, d in rows.items() if d.state == "read"} == self.read
        assert {one for one, d in rows.items() if d.state == "archived"} == self.away
        for whose in PEOPLE:
            fresh = {o for o in self.boxed - self.read - self.away if o[0] == whose}
            assert self.talk.mail(whose).unread_count() == len(fresh)

    def teardown(self):
        """In a new session everybody hears all that they were not told, and nothing else."""
        for whose in PEOPLE:
            desk = self.talk.nudges(whose)
            desk.set_level(NOTIFYING)
            heard: list[str] = []
            while (told := desk.inject("last")).text:
                desk.acked(told)
                heard += told.messages
            owed = self.boxed - self.read - self.away - self.settled
            assert sorted(heard) == sorted(letter for name, letter in owed if name == whose)


TestMailMachine = MailMachine.TestCase
EXAMPLES_MAX = 150  # of thirty steps each
TestMailMachine.settings = settings(
    max_examples=min(settings().max_examples, EXAMPLES_MAX),
    stateful_step_count=30,
    deadline=None,
)
TestMailMachine = pytest.mark.uncounted(TestMailMachine)
