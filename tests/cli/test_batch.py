"""A backlog from a file: TOML and JSON, all of it or nothing."""

import json

import pytest

from cli.batch import policy_of
from cli.context import UsageError, whole_number
from tests.cli.towns import TypedTown

TOML = b"""
[[post]]
title = "Fix the race"
type = "bug"
tags = "help,race"
done-when = "green 100x"
assign = "race:2"
lease = "7d"
due = 2027-01-01

[[post]]
title = "Write the guide"
priority = 0
"""


@pytest.fixture
def rust(tmp_path):
    town = TypedTown(tmp_path, "rust")
    assert town.type("init", "--handle", "rust").code == 0
    yield town
    town.town.close()


def board(town: TypedTown) -> list[dict]:
    return list(town.json("browse")["data"]["items"])


def test_a_toml_file_is_posted_with_the_names_of_the_options(rust):
    """One line of JSON a post; lists may be single texts, times are as on the command line."""
    paper = rust.type("post", "-F", "-", "--json", stdin=TOML)
    assert paper.code == 0
    first, second = (json.loads(line)["data"] for line in paper.text.splitlines())
    assert (first["assign"], first["done_when"], first["tags"]) == (
        "race", ["green 100x"], ["help", "race"]
    )  # fmt: skip
    assert first["due"] == 1_798_761_600_000_000
    assert second["priority"] == 0
    assert len(board(rust)) == 2


def test_a_json_list_is_posted_as_well(rust):
    """The brackets of a list are not taken for a TOML table, nor the other way round."""
    batch = json.dumps([{"title": "one"}, {"title": "two", "needs": []}]).encode()
    assert rust.type("post", "-F", "-", stdin=batch).code == 0
    assert len(board(rust)) == 2


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        (b'[[post]]\ntitle = "good"\n[[post]]\ntitle = "bad"\neffort = "huge"\n', 2, "post 2"),
        (b'[[post]]\ntitle = "good"\n[[post]]\nnope = 1\n', 2, "nope"),
        (b"[[post]]\npriority = 1\n", 2, "title"),
        (b"title = ", 2, "standard input"),
        (b"[]", 2, "no post"),
        (b'"x"', 2, "standard input"),
        (b"\xff", 2, "standard input"),
    ],
)
def test_a_file_with_one_bad_post_posts_nothing(rust, text, code, word):
    """Exit 2 says which post and why; the good ones before it are not on the board either."""
    rust.type("post", "first")
    said = rust.type("post", "-F", "-", stdin=text)
    assert (said.code, said.text) == (code, "")
    assert word in said.talk
    assert len(board(rust)) == 1


DIGITS_THAT_ARE_NONE = ("²", "٣", "9" * 20, "-1", "1e3", "")


@pytest.mark.parametrize("said", DIGITS_THAT_ARE_NONE)
def test_a_number_is_typed_in_plain_digits(said):
    """What Python calls a digit may be none to a reader, and to Python a moment later."""
    assert whole_number(said) is None
    for assign in (f"race:{said}", "first:3", "choose:1", "race:0"):
        with pytest.raises(UsageError):
            policy_of(assign=assign, lease="")
    with pytest.raises(UsageError):
        policy_of(assign="", lease=f"{said}h")
    assert policy_of(assign="race", lease="") == {"assign": "race", "max": 3}
    assert policy_of(assign="race:5", lease="2h") == {"assign": "race", "max": 5, "lease_s": 7_200}


def test_a_title_of_a_dash_is_read_with_its_description_below(rust):
    """`wl post -` publishes what stands on standard input, and never a dash for ever."""
    said = rust.type("post", "-", stdin=b"Port the fix\n\nIt is in\ntwo places.\n")
    assert said.code == 0, said.talk
    [item] = board(rust)
    assert item["untrusted"] == {"title": "Port the fix", "description": "It is in\ntwo places."}
    assert rust.type("post", "-", stdin=b"\n").code == 2
    assert len(board(rust)) == 1
