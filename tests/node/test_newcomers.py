"""What a stranger says when it knocks: read whole, and refused in words before anything is kept."""

import pytest

from federation.invite import InviteError
from stamps.record import to_line
from tests.market.towns import World
from town.market.errors import HandleError
from town.market.founding import own_entries
from town.node import newcomers
from town.node.newcomers import newcomer_of

SECRET = "ab" * 16


def log_of(handle: str) -> list[str]:
    """The lines of a town's account log, as a knock carries them."""
    town = World().town(handle)
    return [to_line(entry).decode().rstrip("\n") for entry in own_entries(town.town)]


@pytest.fixture(scope="module")
def knock() -> dict:
    return {"lines": log_of("ash"), "secret": SECRET, "handle": "ash", "addresses": []}


def heard(facts: dict, remote: str = "203.0.113.7") -> newcomers.Newcomer:
    return newcomer_of(facts, caller="did:key:z6Mk", remote=remote)


def test_a_knock_is_read_whole(knock):
    """Account, secret and name; a member's new device brings no secret and no name."""
    found = heard(knock)
    assert (found.secret.hex(), found.handle, len(found.account)) == (SECRET, "ash", 64)
    assert heard({"lines": knock["lines"]}).secret == b""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lines": None}, "form"),
        ({"lines": []}, "form"),
        ({"lines": "text"}, "form"),
        ({"lines": ["{}"]}, "form"),
        ({"lines": [5]}, "form"),
        ({"lines": ["\ud800"]}, "form"),
        ({"lines": ["x"] * (newcomers.LOG_LINES_MAX + 1)}, "form"),
        ({"secret": "no hex"}, "form"),
        ({"secret": ["ab"]}, "form"),
    ],
)
def test_a_knock_in_a_wrong_form_is_refused(knock, change, reason):
    """One reason for each, whatever the board."""
    with pytest.raises(InviteError) as refused:
        heard({**knock, **change})
    assert refused.value.reason == reason


def test_nobody_knocks_for_two(knock):
    """The lines of two accounts are no account."""
    with pytest.raises(InviteError) as refused:
        heard({**knock, "lines": [*knock["lines"], *log_of("bolt")]})
    assert refused.value.reason == "account"


def test_a_name_that_cannot_be_one_is_refused_before_it_is_asked_for(knock):
    """The same rule as for whoever types it."""
    with pytest.raises(HandleError):
        heard({**knock, "handle": "Ash!"})


@pytest.mark.parametrize(
    ("said", "remote", "kept", "private"),
    [
        (["https://wl.example.org"], "203.0.113.7", ("https://wl.example.org",), False),
        (["http://10.0.0.7:7331"], "203.0.113.7", (), False),
        (["http://10.0.0.7:7331"], "10.0.0.7", ("http://10.0.0.7:7331",), True),
        (["http://10.0.0.8:7331"], "10.0.0.7", (), False),
        (["http://127.0.0.1:1"], "a.name", (), False),
        (["file:///etc/passwd", "http://[", 7, None], "10.0.0.7", (), False),
        ("https://wl.example.org", "203.0.113.7", (), False),
        ([f"https://{at}.example.org" for at in range(9)], "203.0.113.7",
         tuple(f"https://{at}.example.org" for at in range(newcomers.ADDRESSES_MAX)), False),
    ],
)  # fmt: skip
def test_a_private_address_is_believed_only_of_whoever_calls_from_there(
    knock, said, remote, kept, private
):
    """Nobody sends our node to a third machine of our network; the rest is left out."""
    peer = heard({**knock, "addresses": said}, remote).as_peer("a" * 64, name="ash")
    assert (peer.addresses, peer.allow_private) == (kept, private)
