"""`bd doctor`: each thing that can be wrong is found, and what it says to type mends it."""

import json

import pytest

from tests.cli.test_bd_exchange import Project, one


@pytest.fixture
def project(tmp_path):
    """A project with beads whose ids begin with gt."""
    found = Project(tmp_path)
    assert found.type("init", "--prefix", "gt").code == 0
    found.type("config", "set", "status.custom", "mine:active")
    for name, words in (("one", ()), ("two", ("--deps", "gt-one")), ("thr", ())):
        assert found.type("create", name, "--id", f"gt-{name}", *words).code == 0
    return found


def checks(project):
    """Each check by its name, and the exit code."""
    paper = project.type("doctor", "--json")
    told = json.loads(paper.text)
    assert told["overall_ok"] == (paper.code == 0)
    return {check["name"]: check for check in told["checks"]}, paper.code


def test_nothing_is_wrong_with_beads_that_bd_made(project):
    """It says so, and of the file only where there is one."""
    found, code = checks(project)
    assert ({name: one["status"] for name, one in found.items()}, code) == (
        dict.fromkeys(("circles", "links", "words", "hands"), "ok"), 0,
    )  # fmt: skip
    assert "✓ circles   no bead waits for itself\n" in project.type("doctor").text
    project.type("sync")
    assert checks(project)[0]["file"]["status"] == "ok"


def wait_for_each_other(project):
    project.type("dep", "add", "gt-one", "gt-two", "--no-cycle-check")


def lead_nowhere(project):
    bead = one("far", "gt-far", dependencies=[{"depends_on_id": "gt-gone"}])
    project.type("import", "-", stdin=bead)


def mean_nothing(project):
    project.type("update", "gt-thr", "-s", "mine")
    project.type("config", "unset", "status.custom")


def are_nobodys(project):
    project.type("update", "gt-thr", "-s", "in_progress")


def differ_from_the_file(project):
    project.type("sync")
    lines = project.file.read_bytes()
    project.file.write_bytes(lines + one("new", "gt-new"))


@pytest.mark.parametrize(
    ("name", "ruin", "says"),
    [
        ("circles", wait_for_each_other, "gt-one"),
        ("links", lead_nowhere, "gt-far -> gt-gone (blocks)"),
        ("words", mean_nothing, "gt-thr: status mine"),
        ("hands", are_nobodys, "gt-thr"),
        ("file", differ_from_the_file, "1 would come in"),
    ],
)
def test_what_is_wrong_is_found_and_mended_by_what_it_says(project, name, ruin, says):
    """Only that check finds something, and nothing was changed by looking."""
    ruin(project)
    before = project.type("export", "--all").text
    found, code = checks(project)
    assert (code, [one["name"] for one in found.values() if one["status"] != "ok"]) == (1, [name])
    assert says in " ".join(found[name]["detail"])
    text = project.type("doctor").text
    assert f"! {name:<10}{found[name]['message']}\n" in text
    assert f"    try {found[name]['fix']}\n" in text
    assert project.type("export", "--all").text == before
    words = found[name]["fix"].replace("WORDS", "mine:active").split()
    assert words[0] == "bd"
    assert project.type(*words[1:]).code == 0
    assert checks(project)[1] == 0


def test_a_file_that_cannot_be_read_is_told_and_left(project):
    """With the line that is wrong; the other checks are made all the same."""
    project.file.write_bytes(b"<<<<<<< ours\n")
    found, code = checks(project)
    assert (code, found["file"]["status"], found["circles"]["status"]) == (1, "warning", "ok")
    assert "line 1" in found["file"]["detail"][0]
    assert project.file.read_bytes() == b"<<<<<<< ours\n"
