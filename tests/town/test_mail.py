"""Letters in their boxes: sent, answered, read, put away, each recipient's state its own."""

from contextlib import closing

import pytest

from ledger.workspace.addresses import NoRecipientError
from ledger.workspace.letters import BadLetterError, Letter
from ledger.workspace.talk import Delivery, Message
from tests.beads.stores import BACKENDS, empty
from tests.ledger.conftest import dolt
from tests.town.talkers import MINUTE, Talkers
from town.convoys.desk import NewConvoy
from town.crew.belongings import handed
from town.mail.errors import GroupError, ManyLettersError, NoLetterError, NotYoursError

__all__ = ["dolt"]


@pytest.fixture(params=BACKENDS)
def town(request, tmp_path):
    """The talk of a town on each backend."""
    with closing(empty(request, tmp_path)) as store:
        yield Talkers(store)


@pytest.fixture
def quick():
    """The talk of a town in memory."""
    return Talkers()


def letter(*to: str, **fields) -> Letter:
    """A letter to these."""
    return Letter(to=to, subject=fields.pop("subject", "hello"), **fields)


def states(town: Talkers, message: str) -> dict[str, str]:
    """How far the letter came with each recipient."""
    return {one.recipient: one.state for one in town.store.find(Delivery, message=message)}


def test_each_recipient_has_a_state_of_its_own(town):
    """Reading, putting away and deleting happen in one box and in no other."""
    sent = town.mail("mayor").send(letter("max", "ada", "toast", body="text"))
    town.mail("api/crew/max").read(sent.id)
    town.mail("web/crew/ada").archive([sent.id])
    assert states(town, sent.id) == {
        "api/crew/max": "read", "web/crew/ada": "archived", "web/polecats/toast": "pending",
    }  # fmt: skip
    assert [one.message.id for one in town.mail("api/crew/max").inbox()] == [sent.id]
    assert town.mail("web/crew/ada").inbox() == []
    assert town.mail("web/crew/ada").inbox(everything=True)[0].message.body == "text"
    town.mail("api/crew/max").delete([sent.id])
    assert set(states(town, sent.id)) == {"web/crew/ada", "web/polecats/toast"}
    for one in ("web/crew/ada", "web/polecats/toast"):
        town.mail(one).delete([sent.id])
    assert town.store.find(Message) == []


def test_an_observer_changes_nothing(town):
    """Scenario 37: looking at another one's box, and reading in it, leave every state as it was."""
    sent = town.mail("mayor").send(letter("max"))
    before = states(town, sent.id)
    boss = town.mail("overseer")
    assert [one.unread for one in boss.inbox(whose="api/crew/max")] == [True]
    assert boss.read(sent.id).message.id == sent.id
    assert boss.peek(sent.id).box is None
    for verb in (boss.mark_read, boss.archive, boss.delete, boss.mark_unread):
        with pytest.raises(NotYoursError):
            verb([sent.id])
    assert states(town, sent.id) == before
    assert town.mail("api/crew/max").unread_count() == 1


def test_a_conversation_stays_together(town):
    """Scenario 36: an answer goes to the sender or to all, and is in the thread."""
    first = town.mail("mayor").send(letter("max", "ada", subject="Which?", priority=1))
    town.now += MINUTE
    second = town.mail("api/crew/max").reply(first.id, body="This one.")
    town.now += MINUTE
    third = town.mail("web/crew/ada").reply(first.id, body="No.", everybody=True)
    town.now += MINUTE
    mine = town.mail("mayor").reply(first.id, body="Well?")
    assert second.recipients == ("mayor",)
    assert set(third.recipients) == {"mayor", "api/crew/max"}
    assert set(mine.recipients) == {"api/crew/max", "web/crew/ada"}
    whole = town.mail("overseer").thread(third.id)
    assert [one.message.id for one in whole] == [first.id, second.id, third.id, mine.id]
    assert {one.message.subject for one in whole} == {"Which?", "Re: Which?"}
    assert states(town, first.id) == {"api/crew/max": "read", "web/crew/ada": "read"}
    assert [one.message.id for one in town.mail("mayor").search("THIS one")] == [second.id]
    assert town.mail("web/polecats/toast").search("one") == []
    assert len(town.mail("web/polecats/toast").search("one", everything=True)) == 1


def test_marking_is_undone_and_repeated_without_harm(quick):
    """Read, unread and read again; a box is cleared but for what is pinned."""
    sent = quick.mail().send(letter("max"))
    kept = quick.mail().send(letter("max", pinned=True))
    mine = quick.mail("api/crew/max")
    for _ in range(2):
        assert mine.mark_read([sent.id, sent.id]) == [sent.id, sent.id]
        assert mine.unread_count() == 1
    mine.mark_unread([sent.id])
    assert mine.unread_count() == 2
    assert mine.clear() == [sent.id]
    assert mine.clear() == []
    assert [one.message.id for one in mine.inbox()] == [kept.id]


def test_the_most_urgent_is_first_and_old_ones_can_be_put_away(quick):
    """A box is in the order in which it should be read."""
    old = quick.mail().send(letter("max", priority=3))
    quick.now += 25 * 60 * MINUTE
    new = quick.mail().send(letter("max", priority=2))
    urgent = quick.mail().send(letter("max", priority=0))
    mine = quick.mail("api/crew/max")
    assert [one.message.id for one in mine.inbox()] == [urgent.id, new.id, old.id]
    assert mine.newest().message.id == urgent.id
    assert mine.archive(mine.old()) == [old.id]


WRONG = [
    ({"subject": " "}, "subject"),
    ({"subject": "x" * 501}, "subject"),
    ({"priority": 7}, "priority"),
    ({"type": "love"}, "type"),
    ({"body": "x" * (1 << 18) + "x"}, "body"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG)
def test_a_letter_that_cannot_be_is_not_sent(quick, wrong, field):
    """What is wrong is named, and nothing is written."""
    with pytest.raises(BadLetterError) as caught:
        quick.mail().send(letter("max", **wrong))
    assert caught.value.field == field
    assert quick.store.find(Message) == []


def test_a_letter_to_oneself_needs_to_be_said(quick):
    """`--self` writes to the sender; a group of nobody else is refused."""
    mine = quick.mail("mayor").send(Letter(to=(), subject="note"), itself=True)
    assert mine.recipients == ("mayor",)
    with pytest.raises(NoRecipientError, match="nobody but yourself"):
        quick.mail("mayor").send(letter("@mayor"))
    with pytest.raises(BadLetterError):
        quick.mail("mayor").send(Letter(to=(), subject="to nobody"))


def test_a_letter_is_found_by_how_its_id_begins(quick):
    """Enough of an id is enough; what could be two is refused."""
    first = quick.mail().send(letter("max"))
    assert quick.mail().peek(first.id[:8]).message.id == first.id
    assert quick.mail().peek(first.id.removeprefix("msg-")[:4]).message.id == first.id
    quick.mail().send(letter("max"))
    with pytest.raises(ManyLettersError):
        quick.mail().peek("msg-")
    with pytest.raises(NoLetterError):
        quick.mail().peek("zzz")


def test_groups_are_nested_and_never_in_themselves(quick):
    """Scenario 36: a group may name others; a circle, a stranger and a bad name are refused."""
    groups = quick.groups()
    groups.form("heads", ["mayor/", "@witnesses"])
    groups.form("all-of-us", ["group:heads", "max"])
    assert set(groups.show("all-of-us")[1]) == {
        "mayor", "api/witness", "web/witness", "api/crew/max",
    }  # fmt: skip
    with pytest.raises(GroupError, match="in itself"):
        groups.add("heads", ["all-of-us"])
    with pytest.raises(NoRecipientError):
        groups.add("heads", ["stranger"])
    for name in ("Heads", "", "a" * 65, "a b"):
        with pytest.raises(GroupError):
            groups.form(name, ["mayor/"])
    with pytest.raises(GroupError, match="there already"):
        groups.form("heads", ["mayor/"])
    with pytest.raises(GroupError, match="member of all-of-us"):
        groups.dissolve("heads")
    groups.remove("all-of-us", ["group:heads"])
    groups.dissolve("heads")
    assert [one.name for one in groups.listed()] == ["all-of-us"]
    sent = quick.mail("mayor").send(letter("group:all-of-us", cc=("max",)))
    assert sent.recipients == ("api/crew/max",)


def test_a_group_means_who_is_in_it_when_the_letter_is_sent(quick):
    """Whoever joins later gets later letters; what was delivered stays delivered."""
    quick.groups().form("us", ["max"])
    first = quick.mail().send(letter("us"))
    quick.groups().add("us", ["ada"])
    second = quick.mail().send(letter("us"))
    assert set(states(quick, first.id)) == {"api/crew/max"}
    assert set(states(quick, second.id)) == {"api/crew/max", "web/crew/ada"}


def test_old_letters_are_pruned_and_kept_ones_are_not(quick):
    """After a month a letter goes with its deliveries, unless it is pinned or permanent."""
    quick.mail().send(letter("max"))
    kept = {quick.mail().send(letter("max", **{how: True})).id for how in ("pinned", "permanent")}
    assert quick.nudges().prune(quick.now) == 0
    quick.now += 31 * 24 * 60 * MINUTE
    fresh = quick.mail().send(letter("max")).id
    assert quick.nudges().prune(quick.now) == 2
    assert {one.id for one in quick.store.find(Message)} == {*kept, fresh}
    assert {one.message for one in quick.store.find(Delivery)} == {*kept, fresh}


def test_who_is_renamed_keeps_letters_and_convoys(quick):
    """Box, recipients, a convoy's owner and watchers: all say the new name."""
    sent = quick.mail("mayor").send(letter("max", "ada"))
    made = quick.convoys("api/crew/max").create(NewConvoy(title="x"))
    quick.convoys("api/crew/max").watch(made.id)
    quick.store.apply(handed(quick.store, "api/crew/max", "api/crew/joe"))
    assert set(states(quick, sent.id)) == {"api/crew/joe", "web/crew/ada"}
    assert set(quick.mail("api/crew/joe").read(sent.id).message.recipients) == {
        "api/crew/joe", "web/crew/ada",
    }  # fmt: skip
    view = quick.convoys().show(made.id)
    assert view.convoy.owner == "api/crew/joe"
    assert [one.address for one in view.told] == ["api/crew/joe"]


def test_services_hear_their_mail_and_hand_on_what_needs_a_person(quick):
    """Nothing piles up with programs; a call for help is in the person's box, once."""
    mail = quick.mail("api/polecats/rust")
    plain = mail.send(letter("api/witness", "deacon/", subject="done with it"))
    cry = mail.send(letter("@witnesses", subject="HELP: stuck"))
    urgent = mail.send(letter("api/refinery", "max", priority=0))
    both = mail.send(letter("deacon/", "overseer", type="escalation"))
    assert quick.nudges("deacon").cycle(quick.now) == 6
    assert quick.nudges("deacon").cycle(quick.now) == 0
    assert set(states(quick, plain.id).values()) == {"read"}
    assert states(quick, cry.id) == {
        "api/witness": "read", "web/witness": "read", "overseer": "pending",
    }  # fmt: skip
    assert states(quick, urgent.id) == {
        "api/refinery": "read", "api/crew/max": "pending", "overseer": "pending",
    }  # fmt: skip
    assert states(quick, both.id) == {"deacon": "read", "overseer": "pending"}
    assert len(quick.mail().inbox()) == 3


def test_lists_are_those_of_the_towns_file(town_and_prompt):
    """`config/messaging.json` as it was; a file that is none is refused, with what to mend."""
    root, prompt = town_and_prompt
    file = root / "config" / "messaging.json"
    file.write_text('{"type": "messaging", "lists": {"oncall": ["mayor/", "overseer"]}}', "utf-8")
    sent = prompt.json("gt", "mail", "send", "list:oncall", "-s", "x", env={"GT_ROLE": "deacon"})
    assert sent["data"]["recipients"] == ["mayor", "overseer"]
    assert prompt.refused("mail", "send", "list:other", "-s", "x")[1] == "address.unknown"
    for wrong in ('{"lists": []}', '{"lists": {"a": "mayor"}}', "not json"):
        file.write_text(wrong, "utf-8")
        assert prompt.refused("mail", "send", "oncall", "-s", "x") == (2, "workspace.file")
        assert prompt.gt("mail", "send", "mayor/", "-s", "x").code == 0
    assert prompt.gt("mail", "inbox").code == 0
    told = prompt.gt("mail", "check", "--inject", env={"GT_ROLE": "mayor"})
    assert told.text.count("from overseer") == 3


@pytest.fixture
def town_and_prompt(prompt):
    """The folder of a town that was just made, and a prompt in it."""
    root = prompt.at / "gt"
    assert prompt.gt("install", str(root)).code == 0
    prompt.at = root
    return root, prompt
