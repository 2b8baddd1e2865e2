"""`wl done --blob` and `wl blob`, typed at the prompts of two towns that meet by a stick."""

import pytest

from tests.cli.towns import TypedTown

LOG = b"\x1b[31mred\x00\xff" * 10_000


@pytest.fixture
def towns(tmp_path):
    """A poster, and a worker who handed in a file for its item."""
    rust, ash = TypedTown(tmp_path / "one", "rust"), TypedTown(tmp_path / "two", "ash")
    assert rust.type("init", "--handle", "rust").code == 0
    item = rust.json("post", "Fix it")["data"]["id"]
    assert ash.type("init", "--handle", "ash").code == 0
    ash.learns(rust)
    (ash.folder / "trace.log").write_bytes(LOG)
    done = ash.json("done", item, "--blob", "trace.log", "--speculative")
    assert done["exit"] == 0
    rust.learns(ash)
    yield rust, ash, item
    rust.town.close()
    ash.town.close()


def test_a_file_goes_by_hand_where_no_node_can_be_asked(towns):
    """Exit 7 and what to do; then the file itself is taken in, and comes out as it was."""
    rust, ash, item = towns
    away = rust.json("blob", "get", item)
    assert (away["exit"], away["error"]["code"]) == (7, "peer.no_blob")
    [row] = rust.json("blob", "list", item)["data"]["rows"]
    assert (row["here"], row["size"]) == (False, len(LOG))
    put = rust.json("blob", "put", item, str(ash.folder / "trace.log"))
    assert put["exit"] == 0
    assert rust.type("blob", "get", item, "--to", "mine").code == 0
    assert (rust.folder / "mine").read_bytes() == LOG
    again = rust.json("blob", "get", item, "--to", "mine")
    assert (again["exit"], again["error"]["code"]) == (2, "file.bad")


def test_a_pipe_gets_the_very_bytes_and_a_terminal_none(towns):
    """Strangers' bytes could paint or type; nor do they share an output with JSON."""
    rust, ash, item = towns
    assert rust.type("blob", "put", item, "-", stdin=LOG).code == 0
    printed = ash.type("blob", "get", item, "--to", "-")
    assert bytes(printed.written) == LOG
    assert ash.json("blob", "get", item, "--to", "-")["exit"] == 2
    ash.tty = (False, True, True)
    assert ash.type("blob", "get", item, "--to", "-").code == 2


def test_what_is_here_is_listed_and_dropped(towns):
    """By the start of its hash; a file that is no evidence is refused with exit 8."""
    rust, ash, item = towns
    assert "trace.log" in ash.type("blob", "list").text
    assert "ours" in ash.type("blob", "list", item).text
    sha256 = ash.json("blob", "list")["data"]["rows"][0]["sha256"]
    bad = rust.json("blob", "put", item, "-", stdin=b"no such evidence")
    assert (bad["exit"], bad["error"]["code"]) == (8, "blob.bad")
    assert ash.json("blob", "drop", sha256[:10])["warn"]
    assert ash.json("blob", "list")["data"]["rows"] == []
    assert ash.json("blob", "drop", sha256[:10])["exit"] == 3


def test_a_file_over_the_limit_and_one_that_is_not_there_are_refused(towns):
    """Exit 2, the limit named; the item is as it was."""
    rust, _, item = towns
    rust.town.files.most = 1_000
    over = rust.json("done", item, "--blob", "-", "--speculative", stdin=LOG)
    assert (over["exit"], over["error"]["code"], over["error"]["limit"]) == (2, "blob.limit", 1_000)
    gone = rust.json("done", item, "--blob", "no.such.file", "--speculative")
    assert (gone["exit"], gone["error"]["code"]) == (2, "file.bad")
    assert len(rust.json("show", item)["data"]["attempts"]) == 1


def test_a_file_that_went_is_said_and_can_be_had_again(towns):
    """The doctor counts it, the list does not show it as here, and `blob put` mends it."""
    _, ash, item = towns

    def found() -> tuple[str, str]:
        checks = ash.json("doctor")["data"]["checks"]
        [one] = [check for check in checks if check["id"] == "blobs"]
        return one["state"], one["found"]

    assert found() == ("good", "1 blob, 100 kB")
    [sha256] = ash.town.files.all()
    (ash.town.home.blobs / sha256[:2] / sha256).unlink()
    assert found()[0] == "warn"
    assert ash.json("blob", "list", item)["data"]["rows"][0]["here"] is False
    assert ash.json("blob", "put", item, "trace.log")["exit"] == 0
    assert found()[0] == "good"
