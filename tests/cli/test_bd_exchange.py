"""`bd export import sync init` as they are typed, on files as they lie in a checkout."""

import json
import os
from pathlib import Path

import pytest

from cli.app import run
from cli.bd.interchange import interchange, place_of
from cli.context import Call
from cli.local import open_private_here
from tests.cli.paper import Paper
from town.beads.ports import Caller
from town.node.place import TOWN_HOME, home_of

FIXTURES = Path(__file__).parent.parent / "data" / "bd"


def nowhere(call):
    raise AssertionError("bd asks for no town")


class Project:
    """A folder in which `bd` is typed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {"HOME": str(folder), "NO_COLOR": "1", "USER": "ada"}

    def type(self, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Paper:
        """What the line printed, and its exit code."""
        paper, found = Paper(stdin), {**self.env, **(env or {})}
        call = Call(
            argv=argv,
            cwd=self.folder,
            env=found,
            terminal=paper,
            tty=(False, False, False),
            town=nowhere,
            private=open_private_here,
            program="bd",
            home=home_of("bd", argv, cwd=str(self.folder), env=found),
        )
        paper.code = run(call)
        return paper

    @property
    def file(self) -> Path:
        return self.folder / ".beads" / "issues.jsonl"


@pytest.fixture
def project(tmp_path):
    """A project with beads whose ids begin with gt."""
    found = Project(tmp_path)
    assert found.type("init", "--prefix", "gt").code == 0
    return found


def one(title="t", bead="gt-abcde", **more):
    """The line of a bead."""
    return json.dumps({"id": bead, "title": title, **more}).encode() + b"\n"


def test_a_file_of_bd_goes_in_and_out(project):
    """Into a file, to standard output, by pipe; what is said names numbers and files."""
    said = project.type("import", str(FIXTURES / "everything.jsonl"))
    assert said.code == 0
    assert "imported 14 beads" in said.text
    assert "memory  1 new" in said.text
    assert project.type("export", "-o", "out.jsonl").text == "exported 11 beads to out.jsonl\n"
    plain = project.type("export")
    assert plain.written == (project.folder / "out.jsonl").read_bytes()
    told = json.loads(project.type("export", "-o", "a.jsonl", "--all", "--json").text)
    assert told == {"path": "a.jsonl", "exported": 14, "memories": 1}
    assert len(project.type("export", "--status", "closed").text.splitlines()) == 1
    assert "agent" in project.type("export", "--include-infra", "--all").text
    assert '"pkg"' in project.type("export", "--include-memories").text
    other = project.type("import", "-", "--json", stdin=bytes(plain.written))
    facts = json.loads(other.text)
    assert (facts["created"], facts["unchanged"], facts["source"]) == (0, 11, "standard input")


def test_a_dry_run_imports_nothing(project):
    """It says what it would do."""
    said = project.type("import", "-", "--dry-run", stdin=one())
    assert "would import 1 bead from standard input: 1 new" in said.text
    assert project.type("export").text == ""


def test_what_is_odd_is_said(project):
    """Words that became known, links to nowhere, a circle, titles left out."""
    ring = [{"depends_on_id": "gt-b"}], [{"depends_on_id": "gt-a"}, {"depends_on_id": "gt-zz"}]
    payload = one("a", "gt-a", dependencies=ring[0]) + one("b", "gt-b", dependencies=ring[1])
    said = project.type("import", "-", stdin=payload + one(issue_type="idea"))
    assert "known   from now on, as issue_type: idea" in said.text
    assert "links   1 lead to beads that are not here: gt-b -> gt-zz" in said.text
    assert "circle  these wait for each other: gt-" in said.text
    assert "next    bd dep cycles" in said.text
    said = project.type("import", "-", "--dedup", stdin=one("A", "x-other"))
    assert "left    1 bead whose title an open bead has" in said.text


def test_a_title_cannot_write_on_the_terminal(project):
    """What strangers wrote is made harmless where it is shown."""
    said = project.type("import", "-", stdin=b'{"id":"gt-a","title":"x","issue_type":"\\u001b[2J"}')
    assert said.code == 2
    assert "\x1b" not in said.talk


@pytest.mark.parametrize(
    ("argv", "stdin", "code", "says"),
    [
        (("import", "none.jsonl"), b"", 3, "No such file"),
        (("import",), b"", 3, "issues.jsonl"),
        (("import", "a", "-i", "b"), b"", 2, "not both"),
        (("import", "-", "--on-conflict", "mine"), b"", 2, "newer, keep, replace"),
        (("import", "-"), b"{}\n{", 2, "line 2"),
        (("import", "-"), b"<<<<<<< HEAD\n", 1, "conflict marker"),
        (("export", "-o", "no/such/folder.jsonl"), b"", 3, "No such file"),
    ],
)
def test_a_refusal_says_what_and_why(project, argv, stdin, code, says):
    """With an exit code, in words and as JSON, and nothing has changed."""
    said = project.type(*argv, stdin=stdin)
    assert said.code == code
    assert says in said.talk
    assert "try     " in said.talk
    told = json.loads(project.type(*argv, "--json", stdin=stdin).text)
    assert told["error"]["code"]
    assert project.type("export").text == ""


def test_a_checkout_with_a_file_begins_with_its_beads(tmp_path):
    """`bd init` says so, and takes the prefix that most ids have."""
    project = Project(tmp_path)
    project.file.parent.mkdir()
    project.file.write_bytes(one("a", "api-aa") + one("b", "api-ab") + one("c", "zz-a"))
    said = project.type("init")
    assert "ids begin with api-" in said.text
    assert "imported 3 beads from .beads/issues.jsonl: 3 new" in said.text
    assert project.type("create", "new", "--silent").text.startswith("api-")
    assert project.type("init").code == 2


def test_a_checkout_with_a_bad_file_has_no_beads_afterwards(tmp_path):
    """The line is named, no database is left, and once it is mended init works."""
    project = Project(tmp_path)
    project.file.parent.mkdir()
    for payload in (one() + b"{", one(priority=12), b"=======\n"):
        project.file.write_bytes(payload)
        said = project.type("init")
        assert said.code in (1, 2)
        assert "line" in said.talk
        assert not list(project.file.parent.glob("*beads.db*"))
        assert not (project.file.parent / ".gitignore").exists()
    project.file.write_bytes(one())
    assert project.type("init", "--from-jsonl").code == 0
    assert project.type("show", "gt-abcde").code == 0


def test_a_place_of_the_predecessor_stays_its_own(tmp_path):
    """Its beads are not mistaken for none, and git ignores both databases."""
    project = Project(tmp_path)
    (tmp_path / ".beads" / "embeddeddolt").mkdir(parents=True)
    (tmp_path / ".beads" / ".gitignore").write_text("embeddeddolt/\n*.lock", "utf-8")
    said = project.type("init", "--prefix", "gt")
    assert "note    another bd keeps beads here" in said.text
    ignored = (tmp_path / ".beads" / ".gitignore").read_text("utf-8").splitlines()
    assert ignored == ["embeddeddolt/", "*.lock", "*beads.db*", "run/"]


def test_init_says_in_json_where_beads_are(tmp_path):
    """For a folder whose name makes no prefix there is one too."""
    folder = tmp_path / "---"
    folder.mkdir()
    told = json.loads(Project(folder).type("init", "--json").text)
    assert told == {"prefix": "bd", "path": str(folder / ".beads")}


def test_from_jsonl_needs_the_file(tmp_path):
    """A script that says so is not given an empty database."""
    project = Project(tmp_path)
    said = project.type("init", "--from-jsonl")
    assert said.code == 3
    assert "issues.jsonl" in said.talk
    assert not project.file.parent.exists()


def test_sync_keeps_file_and_beads_the_same(project):
    """Both ways, with a look before."""
    bead = project.type("create", "of the database", "--silent").text.strip()
    project.file.write_bytes(one("of the file"))
    looked = project.type("sync", "--status")
    assert "would come: 1 new" in looked.text
    assert "would go: 1 bead\n" in looked.text
    assert project.file.read_bytes() == one("of the file")
    told = json.loads(project.type("sync", "--json").text)
    assert (told["ids"], told["exported"], told["written"]) == (["gt-abcde"], [bead], True)
    assert len(project.file.read_bytes().splitlines()) == 2
    assert "as it was, 2 beads" in project.type("sync").text
    project.file.write_bytes(b">>>>>>> theirs\n")
    assert project.type("sync").code == 1
    assert project.file.read_bytes() == b">>>>>>> theirs\n"


def test_a_change_is_in_the_file_a_minute_after_the_last(project):
    """Not in the hook of a commit; trouble with the file is said, and the command has worked."""
    project.type("sync")
    project.type("create", "first")
    assert not project.file.exists()  # nobody asked for one
    project.file.write_bytes(b"")
    project.type("create", "second")
    assert project.file.read_bytes() == b""  # it was written just now
    os.utime(project.file, (1, 1))
    project.type("create", "third", env={"BD_GIT_HOOK": "1"})
    assert project.file.read_bytes() == b""
    project.type("list")
    assert len(project.file.read_bytes().splitlines()) == 3
    project.file.write_bytes(b"<<<<<<< HEAD\n")
    os.utime(project.file, (1, 1))
    said = project.type("create", "fourth")
    assert said.code == 0
    assert "note    issues.jsonl was left as it is: line 1" in said.talk
    assert project.file.read_bytes() == b"<<<<<<< HEAD\n"


CHANGES = [
    ("update", "gt-aaaaa", "--title", "other"),
    ("update", "gt-aaaaa", "--claim"),
    ("update", "gt-aaaaa", "--add-label", "new"),
    ("update", "gt-aaaaa", "--remove-label", "old"),
    ("update", "gt-aaaaa", "--notes", "seen"),
    ("label", "add", "gt-aaaaa", "new"),
    ("label", "remove", "gt-aaaaa", "old"),
    ("dep", "add", "gt-aaaaa", "gt-ccccc"),
    ("dep", "remove", "gt-aaaaa", "gt-bbbbb"),
    ("comment", "gt-aaaaa", "said"),
    ("defer", "gt-aaaaa"),
    ("close", "gt-aaaaa", "--force"),
    ("delete", "gt-aaaaa", "--force"),
]


@pytest.mark.parametrize("argv", CHANGES, ids=" ".join)
def test_what_was_changed_here_is_not_undone_by_the_line_of_before(project, argv):
    """Every verb moves the bead's time, so the file of a minute ago is older than the bead."""
    old = {"labels": ["old"], "dependencies": [{"depends_on_id": "gt-bbbbb", "type": "related"}]}
    others = one("b", "gt-bbbbb") + one("c", "gt-ccccc")
    project.type("import", "-", stdin=one("a", "gt-aaaaa", **old) + others)
    project.type("sync")
    before = project.type("export", "--all").text
    said = project.type(*argv, env={"BD_GIT_HOOK": "1"})
    assert said.code == 0, said.talk
    changed = project.type("export", "--all").text
    assert changed != before
    project.type("sync")
    assert project.type("export", "--all").text == changed


def test_more_than_a_command_is_given_is_no_shorter_file(project, monkeypatch):
    """Standard input without end is refused, and not taken for a file that ends there."""
    from cli.bd import exchange  # noqa: PLC0415

    payload = one("a", "gt-aaaaa") + one("b", "gt-bbbbb")
    monkeypatch.setattr(exchange, "INPUT_BYTES_MAX", len(payload))
    said = project.type("import", "-", stdin=payload)
    assert (said.code, project.type("export").text) == (2, "")
    assert "bead.too_large" in said.talk


def test_a_town_has_one_file_and_each_checkout_of_a_project_its_own(tmp_path):
    """Nearest to where the command is typed; in a project's own folder beside what it holds."""
    town = tmp_path / "gt"
    checkout = town / "api" / "crew" / "max"
    (checkout / "src").mkdir(parents=True)
    (checkout / ".git").mkdir()
    (town / ".git").mkdir()
    standing = Caller(actor="api/crew/max", rig="api")
    for at, caller, expected in (
        (town, Caller(actor="overseer"), town),
        (checkout, Caller(actor="overseer"), town),
        (checkout / "src", standing, checkout),
        (town / "api", standing, town / "api"),
        (tmp_path, standing, town / "api"),
    ):
        call = Call(
            argv=("sync",), cwd=at, env={}, terminal=Paper(), tty=(False, False, False),
            town=nowhere, program="bd", home=str(town / TOWN_HOME),
        )  # fmt: skip
        assert interchange(call, caller) == (expected / ".beads" / "issues.jsonl", True)
        assert place_of(call, caller).rig is bool(caller.rig)
