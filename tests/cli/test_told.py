"""What a person reads: lists, settings and help as text, questions at a terminal, and faults."""

import contextlib
import gzip
import json
from collections.abc import Iterator

import pytest

from cli import node
from cli.context import Call, Wants
from cli.one_answer import Answering
from cli.output import show_error
from ledger.store_errors import StoreFullError
from tests.cli.boards import Board
from tests.cli.paper import Paper
from tests.cli.towns import TypedTown
from town.node import clock
from town.node.compose import OpenTown
from town.node.lifecycle import NodeFacts


@pytest.fixture
def rust(tmp_path) -> Iterator[TypedTown]:
    town = TypedTown(tmp_path, "rust")
    for line in (("init", "--handle", "rust"), ("create", "hop/commons")):
        assert town.type(*line).code == 0
    yield town
    town.town.close()


def lines(board: Board, *argv: str) -> list[list[str]]:
    """The words of each line that rust reads."""
    said = board.rust.type(*argv)
    assert (said.code, said.talk) == (0, "")
    return [line.split() for line in said.text.splitlines()]


def test_stamps_and_requests_are_read_as_tables(board):
    """Grades as they are said, means with one decimal, ids short; an empty list says so."""
    name = board.rust.json("profile", "ash")["data"]["handle"]
    assert ["stamps", "1:", "quality", "4.0"] in lines(board, "profile", "ash")
    head, leader = lines(board, "leaderboard")
    assert head == ["handle", "done", "stamps", "quality"]
    assert leader[1:] == ["0", "1", "4.0"]
    head, stamp, *_ = lines(board, "stamp", "list", "ash")
    assert {"quality", "4"} <= set(stamp)
    assert lines(board, "stamp", "list") == [["nothing", "here"]]
    [waiting, *_] = lines(board, "bids", board.asked)
    assert waiting[1:3] == [name, "asked"]
    assert lines(board, "peer", "list") == [
        ["peers", *["none", "yet:", "wl", "invite,", "or", "wl", "join", "<token>"]]
    ]


def test_settings_are_told_with_where_they_come_from(rust):
    """The environment beats the file, the file the default; what is unset is the default again."""
    assert rust.type("config", "get", "node.port").text == "7331\n"
    assert rust.json("config", "set", "node.port", "7400")["data"][0]["origin"] == "file"
    assert rust.type("config", "get", "node.port").text == "7400\n"
    above = rust.json("config", "get", "node.port", env={"WL_NODE_PORT": "7500"})["data"][0]
    assert (above["value"], above["origin"]) == (7500, "env WL_NODE_PORT")
    told = rust.type("config", "get", "node.port", "--origin", env={"WL_NODE_PORT": "7500"})
    assert "env WL_NODE_PORT" in told.text
    told = rust.type("config", "list")
    assert any(line.split()[:2] == ["node.port", "7400"] for line in told.text.splitlines())
    assert rust.json("config", "unset", "node.port")["data"][0]["origin"] == "default"
    assert rust.json("config", "unset", "node.port")["exit"] == 0
    assert rust.type("config", "get", "node.port").text == "7331\n"


def test_help_is_the_same_for_people_and_programs(rust):
    """Exit codes, the output, one command, the whole tree; each also as one envelope."""
    codes = rust.json("help", "exits")["data"]
    told = rust.type("help", "exits").text
    assert all(f"{code:>4}  {words}\n" in told for code, words in codes.items())
    assert rust.type("help", "output").text.splitlines() == rust.json("help", "output")["data"]
    for argv in (("help", "claim"), ("help",)):
        assert rust.type(*argv).text == rust.json(*argv)["data"] + "\n"
    assert rust.type().text == rust.type("help").text
    assert rust.type("--version").text == rust.type("version").text
    assert rust.json("version")["data"]["format"] == 1
    assert rust.json("completion", "bash")["data"]["script"] in rust.type("completion", "bash").text


def test_a_bundle_goes_through_a_pipe(rust, tmp_path):
    """`export -` and `import -`: what comes out of one goes into the other."""
    item = rust.json("post", "one")["data"]["id"]
    packed = bytes(rust.type("export", "-", "--item", item).written)
    assert gzip.decompress(packed)
    ash = TypedTown(tmp_path, "ash")
    assert ash.json("import", "-", stdin=packed)["data"]["name"] == "hop/commons"
    assert ash.json("show", item)["data"]["untrusted"]["title"] == "one"
    for junk in (b"", b"junk", packed[: len(packed) // 2]):
        said = ash.json("import", "-", stdin=junk)
        assert said["exit"] in (2, 8)
        assert said["error"]["code"].startswith(("bundle.", "file."))
    assert ash.json("verify")["data"]["holds"]
    ash.town.close()


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", False), (b"", False), (b"Yes\n", True)])
def test_a_person_at_a_terminal_is_asked_before_he_leaves(rust, answer, left):
    """Only a yes is a yes; the question stands on standard error."""
    rust.tty = (True, True, True)
    said = rust.type("leave", stdin=answer)
    assert "Leave? What others hold of you stays with them. [y/N] " in said.talk
    assert (said.code == 0) is left
    assert (rust.json("list")["data"]["rows"] == []) is left


def test_text_that_is_no_text_is_refused(rust):
    """Bytes on standard input that are no UTF-8 never become a note."""
    item = rust.json("post", "one")["data"]["id"]
    said = rust.json("note", item, "-", stdin=b"\xff\xfe")
    assert (said["exit"], said["error"]["code"]) == (2, "usage")
    assert rust.json("show", item)["data"]["untrusted"]["notes"] == []


def test_a_question_is_asked_with_its_word_on_either_side(rust):
    """users 10 has the word behind the text, and users 5 before it."""
    item = rust.json("post", "one")["data"]["id"]
    assert rust.type("note", item, "Which store?", "--ask").code == 0
    assert rust.type("note", item, "--ask", "Which file?").code == 0
    assert rust.type("note", item, "At it").code == 0
    notes = rust.json("show", item)["data"]["untrusted"]["notes"]
    assert [(one["tag"], one["text"]) for one in notes] == [
        ("question", "Which store?"), ("question", "Which file?"), ("note", "At it"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "code"),
    [(KeyboardInterrupt(), 130), (BrokenPipeError(), 141)],
    ids=["ctrl-c", "head"],
)
def test_an_interrupted_command_says_nothing_more(rust, fault, code):
    """Ctrl-C and a reader that went: an exit code that scripts know, and no trace of Python."""
    rust.opened_by = failing(fault)
    said = rust.type("browse")
    assert (said.code, said.text, said.talk) == (code, "", "")


def test_a_fault_of_ours_is_said_in_words_and_shown_whole_only_when_asked(rust):
    """Exit 1, one code, one envelope; the traceback is for whoever asks for it."""
    rust.opened_by = failing(ZeroDivisionError("half of nothing"))
    said = rust.json("browse")
    assert (said["exit"], said["error"]["code"]) == (1, "failed.unexpected")
    assert said["error"]["message"] == "ZeroDivisionError: half of nothing"
    assert "Traceback" not in rust.type("browse").talk
    for told in (rust.type("browse", "-v"), rust.type("browse", env={"WL_TRACEBACK": "1"})):
        assert told.code == 1
        assert "Traceback" in told.talk


def failing(fault: BaseException):
    """A town that cannot be opened, for this reason."""

    class Opened(contextlib.ExitStack):
        def __enter__(self):
            raise fault

    return lambda _call: Opened()


def test_a_node_that_says_nothing_in_time_is_not_said_to_have_no_town(rust, monkeypatch):
    """It runs, and what it is busy with is not known."""
    facts = NodeFacts(pid=7, created=0.0, url="http://here", public_url="", started_at=0)
    monkeypatch.setattr(node, "start", lambda *_: (facts, True))
    monkeypatch.setattr(node, "asked", lambda *_: {})
    assert rust.type("up").text.splitlines()[2:] == ["next    wl status"]
    monkeypatch.setattr(node, "asked", lambda *_: {"data": {}})
    assert rust.type("up").text.splitlines()[2].split() == ["Town", "none", "here", "yet"]


def test_an_envelope_is_one_line_whatever_is_in_it(rust):
    """Newlines in a title never break the one line that programs read."""
    item = rust.json("post", "one", "--description", "a\nb\n\u2028c")["data"]["id"]
    said = rust.type("show", item, "--json").text
    assert said.count("\n") == 1
    assert json.loads(said)["data"]["untrusted"]["description"] == "a\nb\n\u2028c"


def test_the_status_of_an_item_is_what_show_says(rust):
    """`wl status ITEM` is for whoever knows it from elsewhere; without an item it is the town's."""
    item = rust.json("post", "one")["data"]["id"]
    rust.stands_at = clock.now()  # both say how long ago it was posted
    assert rust.type("status", item).text == rust.type("show", item).text
    assert rust.type("status").text.startswith("Town      rust  ")
    assert rust.json("status", "w-00000000")["error"]["code"] == "id.unknown"


def test_a_fault_after_the_answer_is_no_second_document(rust):
    """The ledger cannot be closed, as on a full disk: told beside the answer, and by the exit."""

    @contextlib.contextmanager
    def closing_fails(call: Call) -> Iterator[OpenTown]:
        with rust._open(call) as town:
            yield town
        raise StoreFullError("no space left on this disk")

    rust.opened_by = closing_fails
    before = rust.type("browse", "--json")
    assert json.loads(before.text)["error"]["code"] == "store.full"
    assert (before.code, before.talk) == (6, "")
    posts = b'[{"title": "one"}, {"title": "two"}]'
    streamed = rust.type("post", "-F", "-", "--json", stdin=posts)
    said = [json.loads(line) for line in streamed.text.splitlines()]
    assert [one["schema"] for one in said][2:] == ["wl.v1.error"]
    paper = Paper()
    call = Call(
        argv=("x", "--json"), cwd=rust.folder, env={}, terminal=paper, tty=rust.tty,
        town=closing_fails, wants=Wants(json=True),
    )  # fmt: skip
    call.terminal = Answering(call, paper)
    call.terminal.out("{}\n")
    assert show_error(call, StoreFullError("no space left")) == 6
    assert (paper.text, paper.talk.splitlines()[0]) == ("{}\n", "error   store.full")
