"""Other ids for beads, and beads that say the same."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads.alike import similar
from ledger.beads.renaming import renamed_text
from ledger.beads.rows import Bead
from ledger.private.store import Change
from ledger.workspace.rows import Rig
from tests.cli.beads import TypedBeads


@pytest.fixture
def beads(tmp_path):
    """Beads that name each other."""
    with closing(TypedBeads(tmp_path)) as found:
        found.json("create", "one", "--id", "gt-one", "-d", "see gt-two, not gt-twos or gt-two.1.")
        found.json("create", "two", "--id", "gt-two", "--deps", "gt-one", "--notes", "gt-one.")
        found.json("comment", "gt-two", "after gt-one")
        yield found


def test_whatever_names_a_bead_follows_it(beads):
    """Links both ways, words and comments; the file of before does not bring the old id back."""
    file = beads.type("export").text
    assert beads.json("rename", "gt-one", "gt-first")["renamed"] == {"gt-one": "gt-first"}
    (two,) = beads.json("show", "gt-two", "--include-comments")
    assert [one["id"] for one in two["dependencies"]] == ["gt-first"]
    assert (two["notes"], two["comments"][0]["text"]) == ("gt-first.", "after gt-first")
    assert beads.refused("show", "gt-one")["code"] == "id.none"
    assert beads.type("import", "-", stdin=file.encode()).code == 0
    assert {bead["id"] for bead in beads.json("list", "--all")} == {"gt-first", "gt-two"}
    beads.json("rename", "gt-two", "gt-second")
    assert beads.json("show", "gt-first")[0]["description"] == (
        "see gt-second, not gt-twos or gt-two.1."
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("rename", "gt-one", "gt-two"), "bead.exists"),
        (("rename", "gt-one", "zz-one"), "bead.prefix"),
        (("rename", "gt-one", "one"), "bead.field"),
        (("rename", "gt-none", "gt-some"), "id.none"),
        (("rename-prefix", "No Good"), "bead.field"),
    ],
)
def test_an_id_that_cannot_be_is_refused(beads, words, code):
    """And nothing has moved."""
    assert beads.refused(*words)["code"] == code


def test_a_prefix_is_another_one_everywhere_or_nowhere(beads):
    """New beads have it, too; a clash stops all of it, strange prefixes come along when asked."""
    beads.json("create", "strange", "--id", "gtx-one", "--force")
    before = beads.rows()
    told = beads.json("rename-prefix", "kw-", "--dry-run")
    assert (told["issues_count"], told["old_prefix"], told["new_prefix"]) == (2, "gt", "kw")
    assert beads.rows() == before
    assert beads.refused("rename-prefix", "kw", "--repair")["code"] == "bead.exists"
    beads.json("rename", "gt-one", "gt-first")
    assert beads.json("rename-prefix", "kw", "--repair")["issues_count"] == 3
    assert {b["id"] for b in beads.json("list")} == {"kw-first", "kw-two", "kw-one"}
    assert beads.json("create", "new")["id"].startswith("kw-")
    assert "kw-two" in beads.json("show", "kw-first")[0]["description"]


def test_ids_of_a_town_stay(beads):
    """Its workers, branches and merge requests name them."""
    beads.private.run(
        lambda: beads.private.store.apply(Change(puts=(Rig(name="demo", prefix="gt"),)))
    )
    for words in (("rename", "gt-one", "gt-first"), ("rename-prefix", "kw")):
        assert beads.refused(*words)["code"] == "bead.in_town"


@given(st.lists(st.sampled_from(["gt-a", "gt-ab", "x-gt-a", "gt-a.1", "gt-a.", "gt-a,", " ", "é"])))
def test_only_the_word_itself_is_an_id(parts):
    """Nothing that has it at its beginning, end or middle."""
    text = " ".join(parts)
    told = renamed_text(text, {"gt-a": "gt-new"}).split(" ")
    for old, new in zip(text.split(" "), told, strict=True):
        assert new == (old.replace("gt-a", "gt-new") if old in ("gt-a", "gt-a.", "gt-a,") else old)


def test_beads_with_the_same_words_are_made_one(beads):
    """What others depend on stays; a closed one is no duplicate of an open one."""
    for name in ("gt-aaa", "gt-bbb", "gt-ccc"):
        beads.json("create", "Fix the login", "-d", "It crashes", "--id", name)
    beads.json("close", "gt-ccc")
    beads.json("dep", "add", "gt-two", "gt-bbb")
    (group,) = beads.json("duplicates")["groups"]
    assert (group["suggested_target"], group["suggested_sources"]) == ("gt-bbb", ["gt-aaa"])
    before = beads.rows()
    beads.json("duplicates", "--auto-merge", "--dry-run")
    assert beads.rows() == before
    assert beads.json("duplicates", "--auto-merge")["merged"] == ["gt-aaa"]
    (old,) = beads.json("show", "gt-aaa")
    assert (old["status"], old["close_reason"]) == ("closed", "Duplicate of gt-bbb")
    assert [one["dependency_type"] for one in old["dependencies"]] == ["duplicates"]
    assert beads.json("duplicates", "--auto-merge")["merged"] == []


def test_beads_in_much_the_same_words_are_found(beads):
    """As the share of words that both have; words that everything has do not count."""
    beads.json("create", "Login crashes on empty passwords", "--id", "gt-aaa")
    beads.json("create", "The login crashes on an empty password", "--id", "gt-bbb")
    told = beads.json("find-duplicates", "--threshold", "0.5")
    assert [(p["issue_a_id"], p["issue_b_id"], p["similarity"]) for p in told["pairs"]] == [
        ("gt-aaa", "gt-bbb", 0.6)
    ]
    assert beads.refused("find-duplicates", "--threshold", "0")["code"] == "bead.field"
    assert beads.refused("find-duplicates", "--method", "ai")["code"] == "usage"


TITLES = st.lists(st.text("abc ", min_size=2, max_size=12).filter(str.strip), max_size=8)


@given(titles=TITLES, least=st.sampled_from([0.1, 0.5, 0.75, 1.0]))
def test_no_pair_is_missed_by_looking_at_rare_words_first(titles, least):
    """What is found is what comparing each with each finds."""
    beads = [Bead(id=f"gt-{at}", title=title.replace("a", "aa")) for at, title in enumerate(titles)]
    words = [{w for w in bead.title.split() if len(w) > 1} for bead in beads]
    expected = {
        (one.id, other.id)
        for at, one in enumerate(beads)
        for by, other in enumerate(beads)
        if at < by
        and words[at] & words[by]
        and len(words[at] & words[by]) >= least * len(words[at] | words[by])
    }
    assert {(p.one.id, p.other.id) for p in similar(beads, least=least)} == expected
