"""How the things that the doctor looks at are broken, in a town with the rig `api`."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.dolt.private import open_private_doltlite
from ledger.private.rows import Row
from ledger.private.store import Change, Dropped
from ledger.workspace.rows import ADDING, Agent, Making, Rig, Taken, Worktree
from ledger.workspace.work import MERGED, WORKING, Assignment, MergeRequest, Session
from tests.town.prompt import Prompt
from town.node.session_choice import sessions_called
from town.sessions.port import SessionPlan
from town.workspace.layout import Workspace

Break = Callable[[Prompt], object]
SECOND = 1_000_000


def put(prompt: Prompt, *rows: Row, drops: Iterable[Dropped] = ()) -> None:
    """The rows are in the town's database, past every desk."""
    store = open_private_doltlite(Workspace(prompt.at).home / "ledgers" / "town.db", town="x")
    store.apply(Change(puts=rows, drops=tuple(drops)))
    store.close()


def statement(prompt: Prompt, sql: str) -> None:
    """The statement was run in the town's database."""
    store = open_private_doltlite(Workspace(prompt.at).home / "ledgers" / "town.db", town="x")
    store.database.run(sql)
    store.close()


def write(name: str, text: str) -> Break:
    """The file has this text."""
    return lambda prompt: (prompt.at / name).write_text(text)


def edit(file: str, /, **fields: object) -> Break:
    """The object in the file has these fields."""

    def work(prompt: Prompt) -> None:
        path = prompt.at / file
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return work


def edit_rig(**fields: object) -> Break:
    """The rig's settings have these fields."""

    def work(prompt: Prompt) -> None:
        path = prompt.at / "api" / "settings" / "config.json"
        told = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**told, **fields}))

    return work


def codex(prompt: Prompt, text: str) -> None:
    """The person's own settings of Codex."""
    path = Path(prompt.env["HOME"]) / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text(text)


def stale_hooks(prompt: Prompt) -> None:
    """The mayor's hook file lacks an entry that it had, beside one of the person's."""
    assert prompt.gt("hooks", "sync").code == 0
    path = prompt.at / "mayor" / ".claude" / "settings.json"
    told = json.loads(path.read_text())
    del told["hooks"]["PreCompact"]
    path.write_text(json.dumps({**told, "model": "opus"}))


def gone(name: str) -> Break:
    """The file or the folder is no more."""

    def work(prompt: Prompt) -> None:
        path = prompt.at / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return work


def rows(*found: Row, drops: Iterable[Dropped] = ()) -> Break:
    """The rows are in the database."""
    return lambda prompt: put(prompt, *found, drops=drops)


def half_written(prompt: Prompt) -> None:
    """A file that a process which is no more was writing."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    (prompt.at / "settings" / f".config.json.{dead.pid}.0").write_text("{")


def keys_in_git(prompt: Prompt) -> None:
    """Somebody added everything to git by force."""
    prompt.git("add", "-f", ".wasteland/run")
    (prompt.at / ".gitignore").write_text("")


def key_for_all(prompt: Prompt) -> None:
    """Everybody on the machine can read a key."""
    key = prompt.at / ".wasteland/keys/device.key"
    key.write_text("secret")
    key.chmod(0o644)


def not_left_out(prompt: Prompt) -> None:
    """Nothing says any more that keys are no business of git's."""
    (prompt.at / ".gitignore").unlink()
    (prompt.at / ".wasteland/.gitignore").unlink()


def events_ahead(prompt: Prompt) -> None:
    """The file tells of more than the database knows, as after an old copy was put back."""
    with (prompt.at / ".events.jsonl").open("a") as file:
        file.write(json.dumps({"seq": 999, "payload": {}}) + "\n")


def events_folder(prompt: Prompt) -> None:
    """A folder stands where the file should."""
    (prompt.at / ".events.jsonl").unlink()
    (prompt.at / ".events.jsonl").mkdir()


def old_git(prompt: Prompt) -> None:
    """The git that comes first on PATH is an old one."""
    _fake_git(prompt, "echo git version 2.20.1")


def _fake_git(prompt: Prompt, says: str) -> None:
    folder = prompt.at / "plugins" / "bin"
    folder.mkdir()
    real = shutil.which("git")
    (folder / "git").write_text(
        f'#!/bin/sh\nif [ "$1" = version ]; then {says}; else exec {real} "$@"; fi\n'
    )
    (folder / "git").chmod(0o755)
    prompt.env["PATH"] = f"{folder}{os.pathsep}{prompt.env['PATH']}"


def other_branch(prompt: Prompt) -> None:
    """The refinery's worktree stands on a branch of somebody's own."""
    prompt.git("checkout", "-q", "-b", "mine", at=prompt.at / "api/refinery/rig")


def other_head(prompt: Prompt) -> None:
    """The repository stands on another branch, and has another origin."""
    repository = prompt.at / "api/.repo.git"
    prompt.git("symbolic-ref", "HEAD", "refs/heads/other", at=repository)
    prompt.git("remote", "set-url", "origin", "/nowhere", at=repository)


def worktree_gone(prompt: Prompt) -> None:
    """A worker's worktree was deleted; what it had committed is in the repository."""
    place = prompt.at / "api/polecats/ash/api"
    repository = prompt.at / "api/.repo.git"
    prompt.git("worktree", "add", "-q", "-b", "work", str(place), "origin/main", at=repository)
    (place / "done").write_text("done")
    prompt.git("add", "done", at=place)
    prompt.git("commit", "-q", "-m", "done", at=place)
    shutil.rmtree(place)
    shutil.rmtree(prompt.at / "api/refinery/rig")
    shutil.rmtree(prompt.at / "api/mayor/rig")
    ash = Agent(id="api/polecats/ash", role="polecat", rig="api", name="ash", state="idle")
    put(prompt, ash, Worktree(path="api/polecats/ash/api", rig="api", agent=ash.id, branch="work"))


def crew_gone(prompt: Prompt) -> None:
    """The checkout of a member of the crew was deleted."""
    max_ = Agent(id="api/crew/max", role="crew", rig="api", name="max", state="idle")
    put(prompt, max_, Worktree(path="api/crew/max", rig="api", agent=max_.id, branch="main"))


ADDED = (
    Rig(name="web", prefix="we", state=ADDING),
    Taken(kind="prefix", name="we", rig="web"),
)


def died_adding(prompt: Prompt) -> None:
    """A process died while it added a rig."""
    token = "f" * 32
    folder = prompt.at / "web"
    folder.mkdir()
    (folder / ".making").write_text(token)
    making = Making(path="web", kind="rig", name="web", token=token, maker="1:0", begun_at=SECOND)
    put(prompt, *ADDED, making)


MERGE = {"id": "mr-1", "rig": "api", "target": "main", "state": MERGED}


def merged_elsewhere(prompt: Prompt) -> None:
    """A commit that says it was merged, and lies on no branch of the remote; another one does."""
    tree = prompt.at / "api/refinery/rig"
    there = prompt.git("rev-parse", "HEAD", at=tree).strip()
    prompt.git("commit", "-q", "--allow-empty", "-m", "never pushed", at=tree)
    here = prompt.git("rev-parse", "HEAD", at=tree).strip()
    put(
        prompt,
        MergeRequest(**MERGE, merge_commit=here),
        MergeRequest(**{**MERGE, "id": "mr-2"}, merge_commit=there),
        MergeRequest(**{**MERGE, "id": "mr-3", "target": "gone"}, merge_commit=here),
    )


def at_work(prompt: Prompt) -> None:
    """A worker has committed in its worktree, and goes on."""
    place, branch = prompt.at / "api/polecats/ash/api", "polecat/ash/api-1@x"
    repository = prompt.at / "api/.repo.git"
    prompt.git("worktree", "add", "-q", "-b", branch, str(place), "origin/main", at=repository)
    (place / "done").write_text("done")
    prompt.git("add", "done", at=place)
    prompt.git("commit", "-q", "-m", "done", at=place)
    work = work_of("api/polecats/ash", "api-1", state=WORKING, branch=branch, base="main")
    put(
        prompt,
        Bead(id="api-1", status="in_progress", assignee="api/polecats/ash"),
        Agent(
            id="api/polecats/ash", role="polecat", rig="api", name="ash", state="working",
            hook_bead="api-1", assignment=work.id,
        ),
        replace(work, worktree="api/polecats/ash/api", furnished_at=SECOND),
    )  # fmt: skip


def worktree_of_work_gone(prompt: Prompt) -> None:
    """The worktree of somebody at work was deleted."""
    at_work(prompt)
    shutil.rmtree(prompt.at / "api/polecats/ash")


def branch_of_work_gone(prompt: Prompt) -> None:
    """The branch of somebody at work was deleted, and its folder with it."""
    worktree_of_work_gone(prompt)
    repository = prompt.at / "api/.repo.git"
    prompt.git("update-ref", "-d", "refs/heads/polecat/ash/api-1@x", at=repository)


def worktree_of_nobody(prompt: Prompt) -> None:
    """Somebody made a worktree where workers have theirs."""
    argv = ("worktree", "add", "-q", "--detach", str(prompt.at / "api/polecats/mine"))
    prompt.git(*argv, "origin/main", at=prompt.at / "api/.repo.git")


def clone_of_nobody(prompt: Prompt) -> None:
    """Somebody made a clone where members of the crew have theirs."""
    prompt.git("clone", "-q", str(prompt.at / "api/.repo.git"), str(prompt.at / "api/crew/mine"))


def old_transcript(prompt: Prompt) -> None:
    """A session that ended long ago left what it printed; one that goes on did so too."""
    folder = prompt.at / ".runtime/transcripts"
    folder.mkdir(parents=True)
    for name in ("ses-1", "ses-2"):
        (folder / f"{name}.log").write_text("said")
        os.utime(folder / f"{name}.log", (1, 1))
    row = Session(id="ses-1", agent="mayor", started_at=1, transcript=str(folder / "ses-1.log"))
    put(prompt, Agent(id="mayor", role="mayor"), replace(row, ended_at=SECOND))
    put(prompt, replace(row, id="ses-2", transcript=str(folder / "ses-2.log")))


def old_session(prompt: Prompt) -> None:
    """A session of long ago, whose transcript is gone, and one whose bead is to be done still."""
    row = Session(id="ses-1", agent="mayor", started_at=1, ended_at=SECOND)
    bead = Bead(id="api-1", title="x")
    put(prompt, Agent(id="mayor", role="mayor"), bead, row, replace(row, id="ses-2", bead=bead.id))


def runs_unknown(provider: str) -> Break:
    """Whoever began a session died before it could say so."""

    def work(prompt: Prompt) -> None:
        sessions = sessions_called(provider, Workspace(prompt.at), prompt.env)
        env = {"PATH": prompt.env["PATH"]}
        sessions.start(SessionPlan(name="api-ash", argv=("sleep", "600"), cwd=prompt.at, env=env))

    return work


def work_of(agent: str, bead: str, **more: object) -> Assignment:
    """An assignment of that worker."""
    return Assignment(id=f"as-{bead}", bead=bead, agent=agent, rig="api", **more)
