"""records 7.7 as a property: more records only extend what was decided, or prove why not."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.story import Story
from stamps.record import ChainKey, Entry, Envelope, Record
from tests.ledger.crowds import Crowd
from tests.ledger.people import key_named
from tests.ledger.test_against_model import history
from tests.seeds import tries

LATER = 10**13
PASSES_MAX = 30
# One example is a whole history, looked at after each step.
EXAMPLES = tries(max(25, settings().max_examples // 4), fast=6)


@dataclass
class Decided:
    """What was decided about an item, and the chains and accounts that can undo it (7.7)."""

    ids: tuple[str, ...]
    chains: set[ChainKey] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)


@dataclass
class Watch:
    """One ledger, looked at after every record that it takes."""

    journal: Journal
    items: dict[str, Decided] = field(default_factory=dict)
    exceptions: list[str] = field(default_factory=list)

    def take(self, entry: Entry) -> bool:
        """Whether the ledger took it; whatever it took back had one of the reasons of 7.7."""
        state = self.journal.state
        forks = {key: (chain.fork, chain.counted) for key, chain in state.chains.items()}
        log = state.log(entry.record.account)
        path = [record.id for record in log.path] if log is not None else []
        envelope = Envelope(entry.record, entry.signature)
        [outcome] = self.journal.record([envelope], now=entry.record.at + LATER)
        if outcome.entry is None:
            return False
        for item, before in self._looked():
            after = self.items[item]
            if after.ids[: len(before.ids)] != before.ids:
                self.exceptions.append(self._reason(entry.record, before, after, forks, path))
        return True

    def _looked(self) -> list[tuple[str, Decided]]:
        """Items as they were before; `items` says how they are now."""
        was = dict(self.items)
        for subject in self.journal.store.subjects("item"):
            self.items[subject.id] = self._decided(subject.id, was.get(subject.id))
        return list(was.items())

    def _decided(self, item: str, before: Decided | None) -> Decided:
        story = self.journal.story(item)
        post = self.journal.state.record(item)
        assert post is not None
        found = Decided(tuple(d.id for d in story.decisions) if story is not None else ())
        found.chains.add(post.chain)
        if before is not None:
            found.chains |= before.chains  # also what once was its home's
        found.chains |= self._homes(post, story)
        if self.journal.state.by_invite:
            found.chains |= self._registrars()
        found.accounts = {key.author for key in found.chains}
        return found

    def _homes(self, post: Record, story: Story | None) -> set[ChainKey]:
        wasteland = self.journal.wasteland
        home = post.body.get("policy", {}).get("home")
        homes = {(home["account"], home["device"])} if home else set()
        if story is not None:
            homes.add((story.home.account, story.home.device))
            moves = (d.body["to"] for d in story.decisions if d.kind == "home.move")
            homes |= {(to["account"], to["device"]) for to in moves}
        return {ChainKey(wasteland, account, device) for account, device in homes}

    def _registrars(self) -> set[ChainKey]:
        registry = self.journal.state.registry
        found = {record.chain for record in registry.effective}
        if registry.home is not None:
            found.add(ChainKey(self.journal.wasteland, *registry.home))
        return found

    def _reason(
        self,
        record: Record,
        before: Decided,
        after: Decided,
        forks: dict[ChainKey, tuple[int | None, int]],
        path: list[str],
    ) -> str:
        """The exception of 7.7 that it is; a failure where it is none."""
        accounts = before.accounts | after.accounts
        if record.scope == "account":
            assert record.account in accounts, "a stranger's log undid a decision"
            if record.kind == "device.revoke":
                return "revoke"
            log = self.journal.state.log(record.account)
            assert log is not None
            now = [each.id for each in log.path]
            assert now[: len(path)] != path, "a log that only grew undid a decision"
            return "log"
        cut = [
            key
            for key in before.chains | after.chains
            if (chain := self.journal.state.chains.get(key)) is not None
            and key in forks
            and (chain.fork, chain.counted) != forks[key]
        ]
        assert cut, f"{record.kind} undid a decision"
        assert record.chain in cut, "the chain was cut by a record of another one"
        return "cut"


def watched(entries: Iterable[Entry], wasteland: str) -> Watch:
    """A ledger that took the entries as they came, again until none was new."""
    watch = Watch(Journal.open(MemoryStore(), wasteland=wasteland))
    todo = list(entries)
    for _ in range(PASSES_MAX):
        left = [entry for entry in todo if not watch.take(entry)]
        if len(left) == len(todo):
            break
        todo = left
    return watch


@settings(deadline=None, max_examples=EXAMPLES)
@given(seed=st.integers(0, 10**9), order=st.integers(0, 10**9), invite=st.booleans())
def test_more_records_only_extend_what_was_decided(seed, order, invite):
    """Moves, instructions, races, forks, revokes, successors, in any order of arrival."""
    made = history(seed, join="invite" if invite else "open")
    entries = list(made.ours.values())
    if order % 3:
        random.Random(order).shuffle(entries)
    for reason in watched(entries, made.wasteland).exceptions:
        event(reason)


@settings(deadline=None, max_examples=EXAMPLES)
@given(seed=st.integers(0, 10**9), order=st.integers(0, 10**9), invite=st.booleans())
def test_nor_do_those_of_identities_stamps_and_neighbours_undo_any(seed, order, invite):
    """The same for what the model leaves out: most of it cannot touch an item at all."""
    crowd = Crowd(seed, join="invite" if invite else "open")
    entries = crowd.played(40)
    if order % 3:
        random.Random(order).shuffle(entries)
    for reason in watched(entries, crowd.board.wasteland).exceptions:
        event(reason)


@pytest.mark.slow
def test_the_histories_do_undo_decisions_now_and_then():
    """Else the property would hold for want of anything to hold against."""
    found: set[str] = set()
    for seed in range(40):
        made = history(seed, join=("open", "invite")[seed % 2])
        entries = list(made.ours.values())
        random.Random(seed).shuffle(entries)
        found |= set(watched(entries, made.wasteland).exceptions)
        if len(found) == len(("revoke", "cut")):
            break
    assert found >= {"revoke", "cut"}


def test_a_better_branch_of_a_homes_log_undoes_what_a_lost_device_decided(board, ann):
    """The third exception, told: a device added by a device, and a paper key that says no."""
    before = ann.log_tip
    two = key_named("ann/two")
    ann.log("device.add", {"device": two.device, "may": ["*"]}, key=ann.key)
    home = {"account": ann.account, "device": two.device}
    item = ann.post(home=home)
    ann.say("wanted.withdraw", key=two, about=item.record.id, body={"decides": item.record.id})
    three = key_named("ann/three")
    ann.log("device.add", {"device": three.device, "may": ["*"]}, after=before)
    watch = watched(board.said, board.wasteland)
    assert watch.exceptions == ["log"]
    assert board.rows("wanted")[0]["status"] == "open"
