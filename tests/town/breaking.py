"""A way to break each thing that the doctor looks at, in a town with the rig `api`.

`TO_MEND` are those which `gt doctor --fix` mends; the others it finds, and says what to do.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from ledger.beads.rows import Bead, Comment, Link
from ledger.dolt.private import open_private_doltlite
from ledger.private.rows import Row
from ledger.private.store import Change, Dropped
from ledger.workspace.rows import ADDING, Agent, Making, Rig, Taken, Worktree
from ledger.workspace.talk import Delivery
from ledger.workspace.work import MERGED, SUBMITTED, WORKING, Assignment, MergeRequest, Session
from tests.town.prompt import Prompt
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


def work_of(agent: str, bead: str, **more: object) -> Assignment:
    """An assignment of that worker."""
    return Assignment(id=f"as-{bead}", bead=bead, agent=agent, rig="api", **more)


TO_MEND: dict[str, dict[str, Break]] = {
    "hook-files": {"stale": stale_hooks},
    "town-mark": {
        "fields gone": write("mayor/town.json", '{"name": "ash", "mine": 1}'),
        "no json": write("mayor/town.json", "{"),
    },
    "town-folders": {"gone": gone("plugins")},
    "managed-files": {
        "gone": gone("CLAUDE.md"),
        "stale": lambda prompt: (prompt.at / "AGENTS.md").write_text(
            (prompt.at / "AGENTS.md").read_text().replace("prime", "pr1me")
        ),
    },
    "town-settings": {
        "no json": write("settings/config.json", "{"),
        "bad value": edit("settings/config.json", scheduler={"batch_size": "x", "max_polecats": 3}),
        "no object": write("settings/config.json", "[]"),
    },
    "rig-settings": {
        "no json": write("api/settings/config.json", "nul"),
        "bad value": edit("api/settings/config.json", merge_queue={"gates": {"t": {"cmd": 1}}}),
    },
    "overseer": {
        "gone": gone("mayor/overseer.json"),
        "nobody": edit("mayor/overseer.json", name=""),
    },
    "rigs-file": {
        "gone": gone("mayor/rigs.json"),
        "no json": write("mayor/rigs.json", "x"),
        "other prefix": edit("mayor/rigs.json", rigs={"api": {"beads": {"prefix": "zz"}}}),
        "stranger": edit("mayor/rigs.json", rigs={"web": {}}),
    },
    "left-behind": {"half written": half_written},
    "town-git": {"keys in git": keys_in_git, "not left out": not_left_out},
    "store-shape": {
        "no table": lambda prompt: statement(prompt, "DROP TABLE comments"),
        "no column": lambda prompt: statement(prompt, "ALTER TABLE beads DROP COLUMN attempts"),
    },
    "events-file": {"ahead": events_ahead, "a folder": events_folder},
    "home-modes": {"a key for all": key_for_all},
    "rig-folders": {
        "no folder": gone("api/crew"),
        "no config": gone("api/config.json"),
        "other prefix": edit("api/config.json", beads={"prefix": "zz"}),
        "no json": write("api/config.json", "{"),
    },
    "rig-repositories": {"other head": other_head},
    "rig-worktrees": {"other branch": other_branch, "gone": worktree_gone},
    "unfinished": {"died adding": died_adding},
    "agents": {
        "witness gone": rows(drops=[Dropped(kind=Agent, key=("api/witness",))]),
        "stray": rows(Agent(id="web/crew/max", rig="web", role="crew")),
    },
    "hooks": {
        "hook of nothing": rows(Agent(id="mayor", role="mayor", hook_bead="hq-nowhere")),
        "hook of closed": rows(
            Bead(id="hq-aaaaa", status="closed", closed_at=1),
            Agent(id="mayor", hook_bead="hq-aaaaa"),
        ),
        "nobody's": rows(Bead(id="hq-aaaaa", title="x", status="hooked", assignee="mayor")),
    },
    "letters-there": {"no letter": rows(Delivery(recipient="mayor", message="gone"))},
    "links-end": {
        "link": rows(Bead(id="hq-aaaaa"), Link(issue_id="hq-aaaaa", depends_on_id="hq-nowhere")),
        "back": rows(Bead(id="hq-aaaaa"), Link(issue_id="hq-nowhere", depends_on_id="hq-aaaaa")),
        "comment": rows(Comment(issue_id="hq-nowhere", id="1")),
    },
    "closed-at": {
        "closed without": rows(Bead(id="hq-aaaaa", status="closed", updated_at=5 * SECOND)),
        "open with": rows(Bead(id="hq-aaaaa", status="open", closed_at=SECOND)),
    },
    "prefixes": {"of no rig": rows(Taken(kind="prefix", name="we", rig="web"))},
    "rigs-made": {
        "by nobody": rows(*ADDED)
    },
}  # fmt: skip

BY_HAND: dict[str, dict[str, Break]] = {
    "agent-programs": {
        "unknown in the town": edit("settings/config.json", default_agent="nobody"),
        "unknown in a rig": edit_rig(worker_agents={"toast": "nobody"}),
    },
    "codex-instructions": {
        "no file": edit_rig(runtime={"provider": "codex", "command": "codex", "args": []}),
        "no line": lambda prompt: (codex(prompt, 'model = "x"\n'), edit_rig(agent="codex")(prompt)),
        "no list": lambda prompt: (codex(prompt, "model ="), edit_rig(agent="codex")(prompt)),
    },
    "town-mark": {"newer": edit("mayor/town.json", version=3)},
    "town-settings": {"unknown": edit("settings/config.json", colour="red")},
    "store": {
        "no database": lambda prompt: (prompt.at / ".wasteland/ledgers/town.db").write_bytes(
            b"no database at all" * 500
        ),
        "newer": lambda prompt: statement(
            prompt, "UPDATE local_meta SET value = '999' WHERE name = 'schema'"
        ),
    },
    "git": {"old": old_git},
    "node": {"killed": write(".wasteland/run/node.json", "{}")},
    "rig-folders": {"no rig at all": gone("api")},
    "rig-repositories": {"gone": gone("api/.repo.git")},
    "rig-worktrees": {"crew gone": crew_gone},
    "one-assignment": {
        "two workers": rows(
            Assignment(id="as-1", bead="hq-aaaaa", agent="x", state=SUBMITTED),
            Assignment(id="as-2", bead="hq-aaaaa", agent="y", state=SUBMITTED),
        )
    },
    "sessions-known": {"of nobody": rows(Session(id="s1", agent="api/polecats/gone"))},
    "merged-beads": {
        "no commit": rows(Assignment(id="as-1", bead="hq-aaaaa", agent="x", state=MERGED)),
        "closed at work": rows(
            Bead(id="hq-aaaaa", status="closed", closed_at=1),
            Assignment(id="as-1", bead="hq-aaaaa", agent="x", state=SUBMITTED, request="mr-1"),
            MergeRequest(id="mr-1"),
        ),
    },
    "requests-kept": {
        "no request": rows(Assignment(id="as-1", bead="hq-aaaaa", agent="x", state=SUBMITTED))
    },
    "merged-commits": {
        "nowhere": rows(MergeRequest(**MERGE, merge_commit="ab" * 20)),
        "elsewhere": merged_elsewhere,
    },
    "gates-passed": {"no run": rows(MergeRequest(id="mr-1", state=MERGED, merge_commit="abc"))},
    "no-circles": {
        "two": rows(
            *(Bead(id=f"hq-aaaa{letter}") for letter in "bc"),
            Link(issue_id="hq-aaaab", depends_on_id="hq-aaaac"),
            Link(issue_id="hq-aaaac", depends_on_id="hq-aaaab"),
        )
    },
    "prefixes": {"of two rigs": rows(Rig(name="web", prefix="api"))},
    "working-at-once": {
        "too many": lambda prompt: (
            prompt.gt("config", "set", "scheduler.max_polecats", "1"),
            put(
                prompt,
                *(
                    row
                    for name in ("ash", "oak")
                    for row in (
                        Bead(id=f"hq-{name}", status="in_progress", assignee=name),
                        Agent(id=name, hook_bead=f"hq-{name}", assignment=f"as-hq-{name}"),
                        work_of(name, f"hq-{name}", state=WORKING),
                    )
                ),
            ),
        )
    },
}  # fmt: skip


def cases(of: dict[str, dict[str, Break]]) -> list[tuple[str, str]]:
    """Each check with each way to break it."""
    return [(check, how) for check, ways in of.items() for how in ways]
