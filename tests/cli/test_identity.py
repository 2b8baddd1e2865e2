"""Keys as people meet them: a second machine by two pasted lines, a recovery key put away."""

import pytest

from stamps.keystore import to_backup
from tests.cli.towns import TypedTown


@pytest.fixture
def rust(tmp_path):
    town = TypedTown(tmp_path, "rust")
    assert town.type("init", "--handle", "rust").code == 0
    assert town.type("create", "hop/commons").code == 0
    yield town
    town.town.close()


@pytest.fixture
def laptop(tmp_path):
    town = TypedTown(tmp_path, "laptop")
    yield town
    town.town.close()


def code_of(said) -> tuple[int, str]:
    return said["exit"], said["error"]["code"] if said["error"] else ""


def added(rust: TypedTown, laptop: TypedTown, *may: str) -> str:
    """The laptop signs for rust's account; its key."""
    account = rust.json("account")["data"]["account"]
    request = laptop.json("device", "join", "--account", account)["data"]["request"]
    reply = rust.json("device", "add", request, *may)["data"]["reply"]
    again = rust.json("device", "add", request, *may)["data"]["reply"]
    assert again == reply
    assert laptop.json("device", "join", "--reply", reply)["exit"] == 0
    laptop.learns(rust)
    return str(laptop.json("account")["data"]["device"])


def test_a_second_machine_joins_by_two_pasted_lines_and_is_ended_by_a_revoke(rust, laptop):
    """No key is copied; what it signed before stays, what it signs afterwards does not count."""
    device = added(rust, laptop)
    posted = laptop.json("post", "from the laptop")
    assert posted["exit"] == 0
    rust.learns(laptop)
    short = device.removeprefix("did:key:")[:12]
    assert rust.type("device", "revoke", short).code == 2  # nobody here to ask
    assert rust.type("device", "revoke", short, "--yes").code == 0
    assert rust.type("device", "revoke", short, "--yes").code == 0
    states = {one["device"]: one["state"] for one in rust.json("device", "list")["data"]["rows"]}
    assert states[device] == "revoked"
    laptop.learns(rust)
    assert code_of(laptop.json("post", "too late")) == (4, "key.frozen")
    assert rust.json("show", posted["data"]["id"])["data"]["untrusted"]["title"]


def test_a_machine_with_few_rights_may_say_only_those_kinds(rust, laptop):
    """--may is enforced where it signs; a post is refused with exit 4."""
    item = rust.json("post", "one")["data"]["id"]
    added(rust, laptop, "--may", "note.add,claim.bid")
    assert code_of(laptop.json("post", "two")) == (4, "key.rights")
    assert laptop.type("note", item, "hello").code == 0


@pytest.mark.parametrize(
    "line",
    [("device", "add", "wld1:AAAA"), ("device", "add", "nonsense"),
     ("device", "join", "--reply", "wlr1:x"), ("device", "add", "wld1:" + "A" * 200)],
)  # fmt: skip
def test_a_line_that_is_not_whole_is_refused(rust, laptop, line):
    """Exit 2 and no change."""
    town = laptop if line[1] == "join" else rust
    before = town.traces()
    said = town.json(*line)
    assert code_of(said) == (2, "record.bad")
    assert town.traces() == before


def test_the_recovery_key_is_put_away_brought_back_and_replaced(rust, tmp_path):
    """The backup is the user's alone, is never overwritten, and an old one opens nothing."""
    saved = tmp_path / "recovery.txt"
    assert rust.type("key", "backup", str(saved)).code == 0
    assert saved.stat().st_mode & 0o777 == 0o600
    assert rust.json("account")["data"]["recovery_saved"]
    assert code_of(rust.json("key", "rotate", "--yes")) == (4, "key.not_here")
    assert rust.type("key", "restore", "-", stdin=saved.read_bytes()).code == 0
    assert code_of(rust.json("key", "backup", str(saved))) == (2, "file.bad")
    assert rust.type("key", "rotate", "--yes").code == 0
    assert code_of(rust.json("key", "restore", str(saved))) == (2, "record.bad")
    printed = rust.type("key", "backup", "-", "--keep")
    assert "key 1 of 1" in printed.text
    assert not rust.json("account")["data"]["recovery_saved"]


def test_a_key_that_signs_on_a_machine_is_never_brought_in(rust, tmp_path):
    """Importing a live device key would make two voices with one key: refused with the way."""
    device = rust.town.town.device
    assert device is not None
    stolen = tmp_path / "device.txt"
    stolen.write_text(to_backup(device))
    said = rust.json("key", "restore", str(stolen))
    assert code_of(said) == (4, "key.live")
    assert ["wl", "device", "join"] in said["error"]["try"]
    assert code_of(rust.json("key", "restore", str(tmp_path / "none"))) == (2, "file.bad")
    assert code_of(rust.json("key", "restore", "-", stdin=b"not a key")) == (4, "key.backup")


def test_a_town_founded_after_it_read_a_board_can_act_on_it(tmp_path):
    """A board comes from a stick before `wl init`: the new account is known on it at once."""
    rust, ash = TypedTown(tmp_path / "one", "rust"), TypedTown(tmp_path / "two", "ash")
    assert rust.type("init", "--handle", "rust").code == 0
    item = rust.json("post", "Fix it")["data"]["id"]
    ash.learns(rust)
    assert ash.type("init", "--handle", "ash").code == 0
    assert ash.json("claim", item, "--wait", "0")["exit"] == 9
    rust.learns(ash)
    heard = rust.json("show", item)["data"]
    assert heard["holder"].startswith("ash~")  # it asked, and has not joined
    for town in (rust, ash):
        assert town.json("verify")["data"]["holds"]
        town.town.close()
