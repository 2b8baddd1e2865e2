"""`wl doctor` as it is typed: what it finds, what it mends, and that a look changes nothing."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.local import open_here
from tests.cli.towns import TypedTown
from town.market.care import rebuild
from town.node import doctor
from town.node.home import Home


@pytest.fixture
def rust(tmp_path) -> Iterator[TypedTown]:
    found = TypedTown(tmp_path, "rust")
    yield found
    found.town.close()


@pytest.fixture
def posted(rust) -> TypedTown:
    for line in (("init", "--handle", "rust"), ("post", "one"), ("post", "two")):
        assert rust.type(*line).code == 0
    return rust


def finding(town: TypedTown, name: str) -> dict:
    """The one finding of this id."""
    checks = town.json("doctor")["data"]["checks"]
    [one] = [check for check in checks if check["id"] == name]
    return one


def test_a_home_without_a_town_is_looked_at_from_outside(rust):
    """Nothing is founded by a look, and what cannot be known yet is not called good."""
    said = rust.type("doctor")
    assert (said.code, said.talk) == (0, "")
    assert "?     recovery     no town here yet\n" in said.text
    assert "ok    ledger" not in said.text
    assert not list(rust.town.home.keys.glob("*"))
    assert (
        rust.type("doctor", "--rebuild").text == "rebuilt  nothing: this town is in no wasteland\n"
    )


def test_keys_that_others_may_read_are_bad_until_they_are_mended(posted):
    """Exit 1 and the command that helps; `--fix` shows the plan and only `--yes` carries it out."""
    home, [key, *_] = posted.town.home, sorted(posted.town.home.keys.glob("*"))
    home.path.chmod(0o755)
    key.chmod(0o644)
    for line in (("doctor",), ("doctor", "--fix")):
        said = posted.type(*line)
        assert said.code == 1
        assert f"chmod 700 {home.path}  (wl doctor --fix --yes does it)\n" in said.text
        assert f"bad   key.mode     {key} has mode 644\n" in said.text
        assert "mended" not in said.text
    assert (stat.S_IMODE(home.path.stat().st_mode), stat.S_IMODE(key.stat().st_mode)) == (
        0o755,
        0o644,
    )
    mended = posted.json("doctor", "--fix", "--yes")
    assert (mended["exit"], mended["data"]["mended"]) == (0, ["home.mode", "key.mode"])
    assert (stat.S_IMODE(home.path.stat().st_mode), stat.S_IMODE(key.stat().st_mode)) == (
        0o700,
        0o600,
    )
    assert "mended" not in posted.type("doctor", "--fix", "--yes").text


def test_the_recovery_key_is_asked_for_until_it_lies_elsewhere(posted, tmp_path):
    """The finding names the command, and that command ends it."""
    found = finding(posted, "recovery")
    assert (found["state"], found["command"]) == ("warn", ["wl", "key", "backup", "recovery.txt"])
    assert posted.type("key", "backup", str(tmp_path / "kept")).code == 0
    assert finding(posted, "recovery")["state"] == "good"


def test_rows_that_differ_are_named_and_made_anew_from_the_records(posted):
    """Exit 8 with the way out; after `wl doctor --rebuild` the same rows hold again."""
    [journal] = posted.town.town.ledgers.values()
    before = posted.json("verify")["data"]
    journal.store.clear_projections()
    broken = posted.json("verify")
    assert (broken["exit"], broken["error"]["code"]) == (8, "integrity.differs")
    assert ["wl", "doctor", "--rebuild"] in broken["error"]["try"]
    told = posted.type("verify")
    assert told.text.startswith("damaged   ")
    made = posted.json("doctor", "--rebuild")
    assert made["data"] == {"rust/commons": journal.store.count()}
    assert posted.json("verify")["data"] == before
    assert rebuild(journal) == before["records"]


def test_a_ledger_that_does_not_open_is_a_finding_and_not_the_end(tmp_path):
    """The rest is still looked at; the code, the reason and exit 1 are there; the file stays."""
    town = TypedTown(tmp_path, "ash")
    for line in (("init", "--handle", "ash"), ("post", "one")):
        assert town.type(*line).code == 0
    [wasteland] = town.town.town.ledgers
    town.town.close()
    town.opened_by = open_here
    assert finding(town, "ledger")["found"] == "ash/commons: 5 records"
    damaged = town.town.home.ledger(wasteland)
    damaged.write_bytes(b"no ledger " * 1000)
    said = town.json("doctor")
    assert said["exit"] == 1
    [ledger] = [check for check in said["data"]["checks"] if check["id"] == "ledger"]
    assert (ledger["state"], ledger["found"].partition(":")[0]) == ("bad", "store.damaged")
    assert {"node", "modes", "disk"} <= {check["id"] for check in said["data"]["checks"]}
    assert damaged.read_bytes() == b"no ledger " * 1000


def test_what_a_killed_node_left_is_said_with_what_helps(posted):
    """Nothing acknowledged is lost, and the next start cleans up."""
    posted.town.home.facts.write_text("{}")
    found = finding(posted, "node")
    assert (found["state"], found["command"]) == ("warn", ["wl", "up"])
    assert "nothing acknowledged is lost" in found["cause"]
    posted.town.home.facts.unlink()
    assert finding(posted, "node")["state"] == "good"


@pytest.mark.parametrize(("first", "how"), [("theirs", "comes first"), ("ours", "is shadowed")])
def test_another_program_of_our_name_is_found_wherever_it_stands(posted, tmp_path, first, how):
    """A stranger's `wl` is told with what it does to ours; our own scripts are no finding."""
    for name, text in (("theirs", "#!/bin/sh\n"), ("ours", "from cli.launcher import main\n")):
        program = tmp_path / name / "wl"
        program.parent.mkdir()
        program.write_text(text)
        program.chmod(0o755)
    names = sorted(("theirs", "ours"), key=lambda name: name != first)
    posted.env["PATH"] = os.pathsep.join(str(tmp_path / name) for name in names)
    found = finding(posted, "path.wl")
    assert found["found"] == f"{tmp_path}/theirs/wl is another program of this name"
    assert (found["state"], how in found["cause"]) == ("warn", True)
    posted.env["PATH"] = str(tmp_path / "ours")
    assert finding(posted, "path")["state"] == "good"


@pytest.mark.parametrize(
    ("ahead_s", "state", "words"),
    [
        (None, "unknown", "no peer"),
        (10, "good", "within a minute"),
        (-200, "warn", "200 s behind"),
        (900, "bad", "900 s ahead of"),
    ],
)
def test_a_clock_is_judged_by_the_peers(ahead_s, state, words):
    """records 2.6: silent, close, off, and so far off that nothing is signed."""
    found = doctor.check_drift(ahead_s)
    assert (found.state, words in found.found) == (state, True)
    assert (found.command == ("date",)) == (state in ("warn", "bad"))


def test_a_clock_before_any_record_can_sign_nothing():
    """A machine whose battery is empty says 1970: that is bad, not unknown."""
    assert doctor.check_clock(0).state == "bad"
    assert doctor.check_clock(doctor.YEAR_2020_US).state == "good"


def test_a_ledger_too_large_and_a_disk_too_full_are_told(posted, monkeypatch):
    """Both by the figures of this disk; the limits are named in one place."""
    assert finding(posted, "disk")["state"] == "good"
    monkeypatch.setattr(doctor, "DISK_BYTES_LOW", 1 << 62)
    monkeypatch.setattr(doctor, "STORE_BYTES_LARGE", 1)
    full, large = finding(posted, "disk"), finding(posted, "store.size")
    assert (full["state"], full["command"][:2]) == ("bad", ["df", "-h"])
    assert (large["state"], large["command"][:2]) == ("warn", ["wl", "export"])
    assert posted.json("doctor")["exit"] == 1


def test_a_home_that_is_not_there_is_not_called_safe(tmp_path):
    """The check that could not look says so."""
    [found] = doctor.check_modes(Home(tmp_path / "nowhere"))
    assert (found.state, "does not exist" in found.found) == ("unknown", True)
    assert doctor.check_disk(Home(Path(tmp_path / "nowhere"))).state == "good"
