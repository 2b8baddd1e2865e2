"""`--dry-run` of every command that reaches others: shown, and neither written nor sent."""

import pytest

from cli.tree import Telling
from tests.cli.boards import URL, Board
from tests.cli.test_tree import ALL

TELLING = {path for path, command in ALL.items() if isinstance(command, Telling)}


def typed(board: Board, path: tuple[str, ...]) -> tuple[str, ...]:
    """What rust types after the command's name."""
    lines = {
        "accept": (board.handed_in, "--quality", "5"),
        "admit": ("ash", "--handle", "ash-flats"),
        "claim": (board.posted,),
        "close": (board.posted,),
        "create": ("rust/other",),
        "delete": (board.posted,),
        "device add": (board.request,),
        "device join": (),
        "device revoke": (board.device, "--yes"),
        "done": (board.mine, "--evidence", URL),
        "grant": (board.asked, "--to", "ash"),
        "import": (str(board.bundle),),
        "invite": (),
        "join": ("wl1:abc", "--yes"),
        "key rotate": ("--yes",),
        "leave": ("--yes",),
        "note": (board.posted, "hello"),
        "peer add": ("http://127.0.0.1:9", "--allow-private"),
        "policy": ("lease_s=7200",),
        "post": ("another",),
        "reject": (board.handed_in, "--reason", "fails"),
        "renew": (board.mine,),
        "stamp give": ("ash", "--quality", "5"),
        "stamp revoke": (board.stamp, "--reason", "copied"),
        "sync": (),
        "takeback": (board.held_by_ash, "--reason", "no progress"),
        "unclaim": (board.mine,),
        "update": (board.posted, "--check", "make all"),
        "withdraw": (board.posted,),
    }
    return lines[" ".join(path)]


@pytest.mark.parametrize("path", sorted(TELLING), ids=" ".join)
def test_a_dry_run_says_what_it_would_do_and_leaves_no_trace(board, path):
    """Records, notes and keys are as before; both forms say that nothing was said."""
    town = board.new if path == ("device", "join") else board.rust
    before = town.traces()
    told = town.type(*path, *typed(board, path), "--dry-run")
    assert told.code == 0, told.talk
    assert told.text.startswith("would   ")
    assert "nothing was said, nothing was sent" in told.text
    said = town.json(*path, *typed(board, path), "--dry-run")
    assert (said["exit"], said["schema"]) == (0, "wl.v1.rehearsal")
    assert said["data"]["would"]
    assert town.traces() == before


def test_a_batch_is_rehearsed_post_by_post(board):
    """`wl post -F - --dry-run` shows each and writes none."""
    before = board.rust.traces()
    batch = b'[[post]]\ntitle = "one"\n[[post]]\ntitle = "two"\n'
    told = board.rust.type("post", "-F", "-", "--dry-run", stdin=batch)
    assert told.text.count("would   post an item") == 2
    assert board.rust.traces() == before


def test_every_command_that_reaches_others_can_be_rehearsed():
    """None but those that only ask, and those of the node itself."""
    only_ask = {("peer", "ping"), ("wait",), ("up",), ("down",), ("demo",)}
    assert not only_ask & TELLING
    assert {("sync",), ("post",), ("join",), ("key", "rotate")} <= TELLING
