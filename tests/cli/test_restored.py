"""A home that was restored from an older copy, as its owner meets it at the prompt."""

import shutil
from pathlib import Path

import pytest

from cli.local import open_here
from tests.cli.towns import TypedTown


@pytest.fixture
def restored(tmp_path) -> TypedTown:
    """rust posted one, was copied, posted two; its home is the older copy again."""
    town = reopened(TypedTown(tmp_path, "rust"))
    assert town.type("init", "--handle", "rust").code == 0
    assert town.type("post", "one").code == 0
    copied(town.town.home.path, tmp_path / "backup")
    assert town.type("post", "two").code == 0
    copied(tmp_path / "backup", town.town.home.path)
    return town


def reopened(town: TypedTown) -> TypedTown:
    """From now on each line opens the ledger itself, as without a node."""
    town.town.close()
    town.opened_by = open_here
    return town


def copied(home: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(home, place)


def titles(town: TypedTown) -> set[str]:
    return {one["untrusted"]["title"] for one in town.json("browse")["data"]["items"]}


def test_an_older_copy_signs_nothing_and_says_so_everywhere(restored):
    """records 2.7: exit 4 with the way out; reading goes on, and doctor and status name it."""
    refused = restored.json("post", "three")
    assert (refused["exit"], refused["error"]["code"]) == (4, "key.frozen")
    assert ["wl", "device", "join"] in refused["error"]["try"]
    assert titles(restored) == {"one"}
    assert "Key       signs no more here: " in restored.type("status").text
    assert "(signs no more here)" in restored.type("account").text
    found = restored.json("doctor")
    assert found["exit"] == 1
    [key] = [one for one in found["data"]["checks"] if one["id"] == "key.newest"]
    assert (key["state"], key["command"]) == ("bad", ["wl", "device", "join"])
    assert restored.json("verify")["data"]["holds"]


def test_with_the_recovery_key_at_hand_one_line_brings_it_back(restored):
    """`wl device join`: a new key signs, the old one is revoked, and it stays so."""
    old = restored.json("account")["data"]["device"]
    said = restored.json("device", "join")
    assert (said["exit"], said["data"]["revoked"]) == (0, old)
    assert restored.type("post", "three").code == 0
    assert restored.json("account")["data"]["device"] == said["data"]["device"] != old
    assert titles(restored) == {"one", "three"}
    assert restored.json("verify")["data"]["holds"]
    again = restored.json("device", "join")
    assert (again["exit"], again["error"]["code"]) == (4, "town.exists")


def test_with_the_recovery_key_put_away_another_machine_can_let_it_in(tmp_path):
    """The request line goes to a machine that signs; its answer makes this one sign again."""
    rust, laptop = TypedTown(tmp_path, "rust"), TypedTown(tmp_path / "l", "laptop")
    assert rust.type("init", "--handle", "rust").code == 0
    assert rust.type("post", "one").code == 0
    account = rust.json("account")["data"]["account"]
    asked = laptop.json("device", "join", "--account", account)["data"]["request"]
    reply = rust.json("device", "add", asked)["data"]["reply"]
    assert laptop.type("device", "join", "--reply", reply).code == 0
    assert rust.type("key", "backup", str(tmp_path / "recovery.txt")).code == 0
    reopened(rust)
    copied(rust.town.home.path, tmp_path / "backup")
    assert rust.type("post", "two").code == 0
    copied(tmp_path / "backup", rust.town.home.path)

    told = rust.type("device", "join")
    assert told.code == 0
    assert told.text.startswith("Bring the recovery key: wl up --recover FILE\n")
    asked = rust.json("device", "join")["data"]["request"]
    assert asked in told.text  # the same line, however often it is asked for
    added = laptop.json("device", "add", asked)
    assert added["exit"] == 0, added["error"]
    assert rust.type("device", "join", "--reply", added["data"]["reply"]).code == 0
    assert rust.type("post", "three").code == 0
    assert titles(rust) == {"one", "three"}
    assert rust.json("verify")["data"]["holds"]
    laptop.town.close()


def test_what_recovers_nothing_is_refused(restored, tmp_path):
    """Another account's key, and a device that is none of this one's: nothing is changed."""
    other = TypedTown(tmp_path / "o", "other")
    assert other.type("init", "--handle", "other").code == 0
    assert other.type("key", "backup", str(tmp_path / "other.txt")).code == 0
    other.town.close()
    before = restored.json("account")["data"]
    unknown = restored.json("up", "--recover", str(tmp_path / "other.txt"))
    assert (unknown["exit"], unknown["error"]["code"]) == (2, "record.bad")
    assert "no account that is known here" in unknown["error"]["message"]
    assert restored.type("key", "backup", str(tmp_path / "own.txt"), "--keep").code == 0
    for lost in ("zzzz", "did:key:nobody"):
        said = restored.json("up", "--recover", str(tmp_path / "own.txt"), "--lost", lost)
        assert said["exit"] == 3
        assert said["error"]["code"].startswith("id.")
    assert restored.json("account")["data"] == before


def test_a_town_that_left_a_board_signs_on_where_it_still_is(tmp_path):
    """What it said on the board that is closed now is missing from nothing."""
    town = reopened(TypedTown(tmp_path, "rust"))
    for line in (
        ("init", "--handle", "rust"),
        ("create", "rust/one"),
        ("post", "one"),
        ("create", "rust/two"),
        ("post", "two"),
        ("leave", "rust/two", "--yes"),
        ("post", "three"),
        ("verify",),
    ):
        said = town.type(*line)
        assert said.code == 0, said.talk
    assert titles(town) == {"one", "three"}
    assert town.type("create", "rust/two").text.startswith("back    rust/two, which you left,")
    assert titles(town) == {"two"}
    assert town.type("create", "rust/two").text.startswith("there   rust/two is yours already")
    assert town.type("post", "four").code == 0
    assert len(town.json("list")["data"]["rows"]) == 2
