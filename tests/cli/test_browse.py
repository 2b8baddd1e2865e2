"""`wl browse` as it is typed: every filter, every sort, pages that meet, and the old words."""

import pytest

from ledger.store import Observed
from ledger.tables import Row
from tests.cli.towns import TypedTown

POSTS = [
    ("alpha fix", "--type", "bug", "-p", "0", "--project", "core", "--tag", "race,help"),
    ("beta guide", "--type", "docs", "-p", "1", "--project", "docs", "-d", "token refresh"),
    ("gamma fix", "--type", "bug", "-p", "2", "--project", "core", "--effort", "large"),
    ("delta", "-p", "3"),
    ("epsilon token", "--type", "feature", "-p", "4", "--tag", "help"),
]


def posted(town: TypedTown) -> None:
    """The town's board has one item in each state."""
    town.behind_s = 3600 * (len(POSTS) + 1)
    assert town.type("init", "--handle", "rust").code == 0
    for number, (title, *more) in enumerate(POSTS):
        town.behind_s = 3600 * (len(POSTS) - number)
        said = town.json("post", title, *more)
        if title == "gamma fix":
            assert town.type("claim", said["data"]["id"]).code == 0
        if title == "delta":
            assert town.type("withdraw", said["data"]["id"]).code == 0
    town.behind_s = 0


@pytest.fixture(scope="module")
def rust(tmp_path_factory):
    """One board for all that only look."""
    town = TypedTown(tmp_path_factory.mktemp("towns"), "rust")
    posted(town)
    yield town
    town.town.close()


@pytest.fixture
def elm(tmp_path):
    """A board of one's own, for whoever changes it."""
    town = TypedTown(tmp_path, "rust")
    posted(town)
    yield town
    town.town.close()


def titles(town: TypedTown, *argv: str) -> list[str]:
    said = town.json("browse", *argv)
    assert said["exit"] == 0, said
    return [item["untrusted"]["title"].split(" ")[0] for item in said["data"]["items"]]


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        ((), ["alpha", "beta", "epsilon", "gamma"]),
        (("--type", "bug"), ["alpha", "gamma"]),
        (("--project", "core", "--status", "open"), ["alpha"]),
        (("--status", "claimed"), ["gamma"]),
        (("--status", "withdrawn"), ["delta"]),
        (("--status", "all"), ["alpha", "beta", "epsilon", "gamma", "delta"]),
        (("--status", "open,claimed", "--type", "bug"), ["alpha", "gamma"]),
        (("--priority", "0"), ["alpha"]),
        (("--tag", "help"), ["alpha", "epsilon"]),
        (("--tag", "help", "--type", "bug"), ["alpha"]),
        (("--claimer", "me"), ["gamma"]),
        (("--claimed-by", "rust"), ["gamma"]),
        (("--posted-by", "rust", "--limit", "2"), ["alpha", "beta"]),
        (("--poster", "nobody"), []),
        (("token",), ["beta", "epsilon"]),
        (("token", "refresh"), ["beta"]),
        (("--search", "TOKEN"), ["beta", "epsilon"]),
        (("fix", "--priority", "2"), ["gamma"]),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_filter_finds_what_it_names_and_nothing_else(rust, argv, found):
    """Alone and together; the predecessor's names of options as well."""
    assert titles(rust, *argv) == found


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("priority", ["alpha", "beta", "epsilon", "gamma"]),
        ("newest", ["epsilon", "gamma", "beta", "alpha"]),
        ("oldest", ["alpha", "beta", "gamma", "epsilon"]),
    ],
)
def test_a_sort_orders_the_whole_board(rust, sort, found):
    """One at a time through the cursor is the same as all at once."""
    assert titles(rust, "--sort", sort) == found
    line, paged = ["browse", "--sort", sort, "--limit", "1"], list[str]()
    while line:
        said = rust.json(*line)
        paged += [item["untrusted"]["title"].split(" ")[0] for item in said["data"]["items"]]
        steps = [step["cmd"][1:] for step in said["next"] if step["do"] == "more"]
        assert (said["data"]["cursor"] is None) == (not steps)
        line = steps[0] if steps else []  # what `next` says is what brings the next page
    assert paged == found


@pytest.mark.parametrize(
    "argv",
    [("--status", "zzz"), ("--sort", "zzz"), ("--cursor", "%%"), ("--limit", "0"),
     ("--priority", "x")],
    ids=" ".join,
)  # fmt: skip
def test_a_filter_that_cannot_be_is_exit_2(rust, argv):
    """And says which words can."""
    said = rust.json("browse", *argv)
    assert said["exit"] == 2
    assert said["error"]["code"] in ("usage", "record.bad")


def test_an_id_may_be_shortened_and_an_ambiguous_one_lists_its_candidates(elm):
    """Exit 3 with the candidates; 4 hex are enough where they fit one."""
    ids = [item["id"] for item in elm.json("browse", "--status", "all")["data"]["items"]]
    for whole in ids:
        assert elm.json("show", whole[2:12].upper())["data"]["id"] == whole
    elm.town.town.ledgers[elm.town.town.current].store.observe(
        [unsigned(ids[0][:10] + "ffff"), unsigned(ids[0][:10] + "eeee")]
    )
    said = elm.json("show", ids[0][:10])
    assert (said["exit"], said["error"]["code"]) == (3, "id.ambiguous")
    assert set(said["error"]["candidates"]) >= {ids[0], ids[0][:10] + "ffff"}
    assert elm.json("show", ids[0])["exit"] == 0


def unsigned(key: str):
    """A row whose id begins like a signed item's."""
    values = {"id": key, "title": "twin", "status": "withdrawn"}
    return Observed(
        row=Row(table="wanted", key=key, values=values), source="x", commit="c", seen_at=1
    )
