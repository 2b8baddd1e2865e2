"""Invites in every wrong form: refused by one error with a reason, never by another."""

import base64
import json

import pytest

from federation import invite
from federation.invite import InviteError, Token

NOW = 1_700_000_000_000_000
BOARD = "a" * 64
TOKEN = Token(
    wasteland=BOARD, name="rust", key="did:key:z6Mk", via=("http://10.0.0.7:7331",),
    secret=bytes(16), expires_at=NOW,
)  # fmt: skip


def spelled(**changes: object) -> str:
    """The token with other facts, None to leave one out; spelled as a stranger may."""
    word = invite.spell(TOKEN).removeprefix(invite.HEAD)
    body = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))) | changes
    kept = {name: value for name, value in body.items() if value is not None}
    return invite.HEAD + base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()


def test_a_token_is_read_as_it_was_spelled_line_breaks_left_out():
    """A word that was pasted over two lines is still the token."""
    said = invite.spell(TOKEN)
    assert invite.read(f" {said[:20]}\n  {said[20:]}\n") == TOKEN
    assert invite.read(spelled()) == TOKEN


@pytest.mark.parametrize(
    "said",
    [
        *("", "wl1:", "wl2:abc", "hello", "wl1:!!", "wl1:" + "A" * 5_000),
        *(spelled(w="b" * 63), spelled(w=7), spelled(w=None), spelled(s="00"), spelled(s="xy")),
        *(spelled(s=5), spelled(e="soon"), spelled(e=None), spelled(v=5), spelled(v={"a": 1})),
        *(spelled(e=float("inf")), spelled(e=float("nan")), spelled(k=None)),
        invite.HEAD + base64.urlsafe_b64encode(b"[" * 2_000).decode(),
        invite.HEAD + base64.urlsafe_b64encode(b"[1]").decode(),
    ],
)
def test_what_is_no_token_is_refused_with_one_reason(said):
    """Cut off, another version, facts of the wrong kind, depth: `form`, and no other error."""
    with pytest.raises(InviteError) as refused:
        invite.read(said)
    assert refused.value.reason == "form"


def test_an_invite_is_good_for_so_many_until_its_hour():
    """The same account twice costs one; the next, too late and elsewhere are told apart."""
    note = {"wasteland": BOARD, "count": 1, "expires_at": NOW, "redeemed": []}
    used = invite.redeemed(note, wasteland=BOARD, account="b", now=NOW)
    assert invite.redeemed(used, wasteland=BOARD, account="b", now=NOW + 1) == used
    for given, where, now, reason in (
        (used, BOARD, NOW, "used"),
        (note, BOARD, NOW + 1, "expired"),
        (note, "c" * 64, NOW, "unknown"),
        (None, BOARD, NOW, "unknown"),
    ):
        with pytest.raises(InviteError) as refused:
            invite.redeemed(given, wasteland=where, account="d", now=now)
        assert refused.value.reason == reason
    assert note["redeemed"] == []


LEFT = {"hash": "d" * 64, "count": 2, "expires_at": NOW + 1}


def test_an_invite_left_with_a_carrier_is_kept_once_and_is_its_members_alone():
    """Leaving it again changes nothing; nobody takes over the invite of another."""
    name, note = invite.entrusted({}, LEFT, wasteland=BOARD, of="m", now=NOW)
    assert (name, note["count"], note["of"]) == ("d" * 64, 2, "m")
    again = {**LEFT, "count": 9}
    assert invite.entrusted({name: note}, again, wasteland=BOARD, of="m", now=NOW) == (name, note)
    for of, where in (("n", BOARD), ("m", "c" * 64)):
        with pytest.raises(InviteError) as refused:
            invite.entrusted({name: note}, LEFT, wasteland=where, of=of, now=NOW)
        assert refused.value.reason == "used"


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "short"}, {"hash": None}, {"count": True}, {"count": "2"}, {"count": 0},
        {"count": invite.COUNT_MAX + 1}, {"expires_at": 1.5}, {"expires_at": NOW},
        {"expires_at": NOW + invite.LIVES_US_MAX + 1},
    ],
)  # fmt: skip
def test_what_no_carrier_keeps(change):
    """Facts of the wrong kind or size are `form`."""
    with pytest.raises(InviteError) as refused:
        invite.entrusted({}, {**LEFT, **change}, wasteland=BOARD, of="m", now=NOW)
    assert refused.value.reason == "form"


def test_a_member_leaves_so_many_open_invites_and_no_more():
    """Those that are over make room; those of others do not count."""
    over = {"of": "m", "expires_at": NOW}
    notes = {f"{at:064x}": {"of": "m", "expires_at": NOW + 1} for at in range(invite.OPEN_MAX)}
    with pytest.raises(InviteError) as refused:
        invite.entrusted(notes, LEFT, wasteland=BOARD, of="m", now=NOW)
    assert refused.value.reason == "full"
    assert invite.entrusted(notes, LEFT, wasteland=BOARD, of="n", now=NOW)
    assert invite.entrusted({**notes, f"{0:064x}": over}, LEFT, wasteland=BOARD, of="m", now=NOW)


def test_invites_over_their_time_make_room_for_new_ones_and_fill_no_disk():
    """A member that leaves short-lived ones for ever has no more of them kept than may be open."""
    notes: dict[str, dict] = {"f" * 64: {"of": "other", "expires_at": NOW - 1}}
    for number in range(3 * invite.OPEN_MAX):
        now = NOW + 10 * number
        facts = {"hash": f"{number:064x}", "count": 1, "expires_at": now + 5}
        name, note = invite.entrusted(notes, facts, wasteland=BOARD, of="m", now=now)
        for old in invite.outlived(notes, of="m", now=now):
            del notes[old]
        notes[name] = note
        assert len(notes) <= invite.OPEN_MAX + 1
    assert "f" * 64 in notes
    assert f"{3 * invite.OPEN_MAX - 1:064x}" in notes
