"""Whom an address means: every form, what is refused, and that a letter goes to just those."""

import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.workspace.addresses import (
    Directory,
    LaterError,
    ManyRecipientsError,
    NoRecipientError,
    own_address,
    resolved,
)
from ledger.workspace.rows import DOG, Agent
from ledger.workspace.talk import Delivery, Message
from tests.town.talkers import Talkers, agents_of
from town.mail.desk import Letter

API = ("api/crew/joe", "api/crew/max", "api/polecats/nux", "api/polecats/rust", "api/refinery",
       "api/witness")  # fmt: skip
WEB = ("web/crew/ada", "web/polecats/toast", "web/refinery", "web/witness")
TOWN = ("mayor", "deacon", "deacon-boot")
KNOWN = Directory(
    agents=[
        *agents_of("api", crew=("max", "joe"), polecats=("rust", "nux")),
        *agents_of("web", crew=("ada",), polecats=("toast",)),
        Agent(id="deacon/dogs/rex", role=DOG, name="rex"),
        Agent(id="web/polecats/dead", role="polecat", rig="web", name="dead", state="nuked"),
    ],
    rigs=["api", "web"],
    groups={
        "reviewers": ("api/max", "group:heads"),
        "heads": ("mayor/", "@witnesses"),
        "loop": ("group:loop", "mayor"),
        "gone": ("web/dead",),
        "both": ("mayor",),
    },
    lists={"oncall": ("overseer", "api/crew/joe"), "both": ("deacon",)},
)
FORMS = {
    "mayor": {"mayor"},
    "mayor/": {"mayor"},
    "deacon/": {"deacon"},
    "boot": {"deacon-boot"},
    "deacon/boot": {"deacon-boot"},
    "deacon/dogs/rex": {"deacon/dogs/rex"},
    "overseer": {"overseer"},
    "overseer/": {"overseer"},
    "human": {"overseer"},
    "@overseer": {"overseer"},
    "api/witness": {"api/witness"},
    "api/refinery": {"api/refinery"},
    "api/rust": {"api/polecats/rust"},
    "api/polecats/rust": {"api/polecats/rust"},
    "api/crew/max": {"api/crew/max"},
    "api/crew/max/": {"api/crew/max"},
    "api/max": {"api/crew/max"},
    "max": {"api/crew/max"},
    "toast": {"web/polecats/toast"},
    "rex": {"deacon/dogs/rex"},
    "api/": set(API),
    "@rig/api": set(API),
    "@crew/api": {"api/crew/max", "api/crew/joe"},
    "@polecats/web": {"web/polecats/toast"},
    "@witnesses": {"api/witness", "web/witness"},
    "@refineries": {"api/refinery", "web/refinery"},
    "@dogs": {"deacon/dogs/rex"},
    "@deacons": {"deacon"},
    "@role/crew": {"api/crew/max", "api/crew/joe", "web/crew/ada"},
    "@role/mayor": {"mayor"},
    "@town": {*API, *WEB, *TOWN, "deacon/dogs/rex"},
    "*/witness": {"api/witness", "web/witness"},
    "api/crew/*": {"api/crew/max", "api/crew/joe"},
    "api/*": {"api/witness", "api/refinery", "api/polecats/rust", "api/polecats/nux"},
    "*/crew/m*": {"api/crew/max"},
    "group:heads": {"mayor", "api/witness", "web/witness"},
    "reviewers": {"api/crew/max", "mayor", "api/witness", "web/witness"},
    "group:loop": {"mayor"},
    "list:oncall": {"overseer", "api/crew/joe"},
    "oncall": {"overseer", "api/crew/joe"},
}


@pytest.mark.parametrize(("said", "means"), FORMS.items())
def test_each_form_of_an_address_means_exactly_these(said, means):
    """Scenario 36: nobody more and nobody less, each once."""
    found = resolved((said,), KNOWN)
    assert set(found) == means
    assert len(found) == len(set(found))


NOBODY = (
    *("", " ", "nobody", "api/nobody", "nowhere/", "nowhere/witness", "@nobody", "@crew/nowhere"),
    *("@rig/nowhere", "@role/nobody", "*/nobody", "list:none", "group:none", "web/dead"),
    *("group:gone", "x" * 300, "api//rust", "deacon/rex"),
)


@pytest.mark.parametrize("said", NOBODY)
def test_an_address_of_nobody_is_refused(said):
    """Scenario 36: a letter to nobody, or to somebody who has left, is not written at all."""
    with pytest.raises(NoRecipientError):
        resolved(("mayor", said), KNOWN)


def test_a_refusal_names_those_near():
    """Whoever mistypes an address sees which one was meant."""
    with pytest.raises(NoRecipientError, match="api/witness"):
        resolved(("api/witnes",), KNOWN)
    with pytest.raises(NoRecipientError, match="@witnesses"):
        resolved(("@witneses",), KNOWN)


def test_a_name_that_could_be_two_is_refused():
    """A group and a list of one name, a worker and a member of the crew of one name."""
    with pytest.raises(ManyRecipientsError, match="group:both, list:both"):
        resolved(("both",), KNOWN)
    two = Directory(agents=agents_of("api", crew=("max",), polecats=("max",)), rigs=["api"])
    with pytest.raises(ManyRecipientsError, match=r"api/crew/max, api/polecats/max"):
        resolved(("api/max",), two)
    assert resolved(("api/crew/max",), two) == ("api/crew/max",)


@pytest.mark.parametrize("said", ["queue:work", "channel:news", "announce:all"])
def test_what_is_not_here_yet_says_so(said):
    """An address of a kind to come is not mistaken for an unknown name."""
    with pytest.raises(LaterError):
        resolved((said,), KNOWN)


def test_a_group_leaves_out_its_sender_and_a_name_does_not():
    """Whoever writes to all does not write to itself, unless it says so."""
    both = resolved(("@town", "mayor/"), KNOWN, sender="deacon")
    assert both.count("mayor") == 1
    assert "deacon" not in both
    assert "mayor" not in resolved(("@town",), KNOWN, sender="mayor")
    assert "mayor" not in resolved(("reviewers",), KNOWN, sender="mayor")
    assert resolved(("mayor/",), KNOWN, sender="mayor") == ("mayor",)
    assert resolved((), KNOWN, sender="mayor", itself=True) == ("mayor",)


def test_who_acts_has_an_address_and_no_agent_is_taken_for_the_person():
    """A person's name is the overseer; an agent that has no row is itself and nobody else."""
    assert own_address("ada lovelace", KNOWN) == "overseer"
    assert own_address("mayor/", KNOWN) == "mayor"
    assert own_address("api/rust", KNOWN) == "api/polecats/rust"
    assert own_address("api/polecats/new", KNOWN) == "api/polecats/new"


ME = "api/crew/joe"
WORDS = st.sampled_from([*FORMS, "nobody", "api/nope", "@nope", "list:nope"])
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


@given(to=st.lists(WORDS, min_size=1, max_size=5), cc=st.lists(WORDS, max_size=3), body=TEXT)
def test_a_letter_is_in_exactly_the_boxes_of_whom_it_means(to, cc, body):
    """Scenario 36: one delivery each, whatever is named twice; none where a name is nobody's."""
    talkers = Talkers()
    talkers.put(*KNOWN.agents)
    for name in ("heads", "reviewers"):
        talkers.groups().form(name, KNOWN.groups[name])
    talkers.groups().form("loop", ("mayor",))
    talkers.lists = {"oncall": KNOWN.lists["oncall"]}
    letter = Letter(to=tuple(to), cc=tuple(cc), subject="s", body=body)
    meant = set().union(*(FORMS.get(word, set()) for word in (*to, *cc))) - {ME}
    if not meant or not FORMS.keys() >= {*to, *cc}:
        with pytest.raises(NoRecipientError):
            talkers.mail(ME).send(letter)
        assert not talkers.store.find(Message)
        assert not talkers.store.find(Delivery)
        return
    sent = talkers.mail(ME).send(letter)
    found = [one.recipient for one in talkers.store.find(Delivery)]
    assert sorted(found) == sorted(meant)
    assert sorted(sent.recipients) == sorted(meant)


@given(st.text(string.printable, max_size=40))
def test_any_text_is_an_address_or_is_refused(said):
    """Nothing that is typed as an address breaks anything."""
    with suppress(NoRecipientError, ManyRecipientsError, LaterError):
        assert resolved((said,), KNOWN)
