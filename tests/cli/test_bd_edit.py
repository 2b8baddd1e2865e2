"""`bd edit`: a text of a bead in an editor, and back."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cli.editor import edit
from tests.cli.beads import TypedBeads
from tests.house.children import measured
from tests.house.tree import ROOT

EDITOR = """#!/bin/sh
case "$1" in
  append) printf 'more\\n' >> "$2" ;;
  other) printf 'mine\\n' > "$2"; BD_ACTOR=bob $BD update gt-one -d theirs >/dev/null ;;
esac
"""


@pytest.fixture
def beads(tmp_path):
    """One bead of ann's."""
    with closing(TypedBeads(tmp_path)) as found:
        found.json("create", "one", "--id", "gt-one", "-d", "first")
        found.env |= {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}
        yield found


def test_a_text_is_given_out_to_the_persons_editor(beads, tmp_path):
    """As a file of theirs alone; the terminal goes to the editor, no database is held."""
    paper = beads.type("edit", "one", "--json", "--home", "x", EDITOR="sh -c 'true --wait'")
    assert (paper.code, paper.text) == (0, "")
    python, *words, file, _mark, line, editor, flag, script = paper.then
    assert (python, words) == (sys.executable, ["-P", "-m", "cli.editor"])
    assert Path(file).read_text() == "first\n"
    assert (Path(file).parent, Path(file).stat().st_mode & 0o777) == (tmp_path, 0o600)
    assert line == "edit gt-one --description --home x --json"
    assert (editor, flag, script) == ("sh", "-c", "true --wait")


@pytest.mark.parametrize(
    ("words", "env", "code"),
    [
        (("gt-one",), {"EDITOR": "not-an-editor-here"}, "usage"),
        (("gt-one",), {"EDITOR": "sh 'unclosed"}, "usage"),
        (("gt-one",), {"PATH": "/nowhere"}, "usage"),
        (("gt-one", "--title", "--notes"), {"EDITOR": "true"}, "usage"),
        (("gt-one",), {"EDITOR": "true", "TMPDIR": "/nowhere/at/all"}, "usage"),
        (("gt-two",), {"EDITOR": "true"}, "id.none"),
    ],
)
def test_what_cannot_be_edited_is_refused_before_anything_is_opened(beads, words, env, code):
    """No editor, no file, no bead, two texts."""
    assert beads.refused("edit", *words, **env)["code"] == code


def test_nobody_waits_in_front_of_an_editor_that_needs_a_screen(beads, tmp_path):
    """Where there is no terminal, one such as vim is refused, and told what to type instead."""
    vim = tmp_path / "vim"
    vim.write_text("#!/bin/sh\n")
    vim.chmod(0o755)
    error = beads.refused("edit", "gt-one", EDITOR=str(vim))
    assert (error["code"], error["try"][0][:2]) == ("usage", ["bd", "update"])


def test_a_text_that_somebody_changed_meanwhile_is_not_overwritten(beads, tmp_path):
    """What comes back names what it was made of."""
    paper = beads.type("edit", "gt-one", EDITOR="true")
    *_, mark, _line, _editor = paper.then
    (tmp_path / "mine.md").write_text("mine\n\n")
    back = ("edit", "gt-one", "--from", "mine.md", "--mark", mark)
    beads.json("update", "gt-one", "-d", "theirs")
    assert beads.refused(*back)["code"] == "bead.edited"
    beads.json("update", "gt-one", "-d", "first")
    assert beads.json(*back)["description"] == "mine"


def test_a_file_stays_only_where_words_would_be_lost(tmp_path, capfd):
    """Not where nothing was changed; where the editor fails its person is told where they are."""
    file = tmp_path / "text.md"
    file.write_text("first\n")
    assert edit(file, "mark", ["edit", "gt-one"], ["sh", "-c", "echo >> $0; exit 3"]) == 1
    assert edit(file, "mark", ["edit", "gt-one"], [str(tmp_path / "not-there")]) == 1
    told = capfd.readouterr().err
    assert "sh ended with 3; nothing was changed" in told
    assert told.count(f"your text is in {file}") == 2
    assert edit(file, "mark", ["edit", "gt-one"], ["true"]) == 0
    assert (capfd.readouterr().err, file.exists()) == ("note    nothing was changed\n", False)
    file.write_text("first\n")
    assert edit(file, "mark", ["edit", "gt-one"], ["rm"]) == 1
    assert "left no file" in capfd.readouterr().err


@pytest.mark.slow
def test_an_editor_changes_the_bead_and_loses_no_words(tmp_path):
    """As it is typed, in processes of its own: kept, then overtaken by somebody else."""
    with closing(TypedBeads(tmp_path)) as beads:
        beads.json("create", "one", "--id", "gt-one", "-d", "first")
    python = f'{sys.executable} -c "from cli.launcher import bd; bd()"'
    for name, text in (("editor", EDITOR), ("bd", f'#!/bin/sh\nexec {python} "$@"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    env = measured({
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path),
        "PYTHONPATH": str(ROOT), "BD": str(tmp_path / "bd"), "BD_ACTOR": "ann",
    })  # fmt: skip

    def edited(does):
        return subprocess.run(
            [str(tmp_path / "bd"), "edit", "gt-one"], capture_output=True, text=True, check=False,
            cwd=tmp_path, env={**env, "EDITOR": f"{tmp_path / 'editor'} {does}"},
        )  # fmt: skip

    done = edited("append")
    assert (done.returncode, done.stdout.split()[:1]) == (0, ["updated"]), done.stderr
    assert list(tmp_path.glob("bd-edit-*")) == []
    overtaken = edited("other")
    assert (overtaken.returncode, "bead.edited" in overtaken.stderr) == (1, True)
    (kept,) = tmp_path.glob("bd-edit-*")
    assert (kept.read_text(), str(kept) in overtaken.stderr) == ("mine\n", True)
    with closing(TypedBeads(tmp_path)) as beads:
        versions = [one["Issue"]["description"] for one in beads.json("history", "gt-one")]
    assert versions == ["theirs", "first\nmore", "first"]
