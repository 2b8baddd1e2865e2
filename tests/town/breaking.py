"""A way to break each thing that the doctor looks at, in a town with the rig `api`.

`TO_MEND` are those which `gt doctor --fix` mends; the others it finds, and says what to do.
"""

import shutil

from ledger.beads.rows import Bead, Comment, Link
from ledger.private.store import Dropped
from ledger.workspace.link import ItemLink
from ledger.workspace.rows import Agent, Rig, Taken
from ledger.workspace.talk import Convoy, ConvoyItem, Delivery
from ledger.workspace.work import MERGED, SUBMITTED, WORKING, Assignment, MergeRequest, Session
from tests.town.ruining import (
    ADDED,
    MERGE,
    SECOND,
    Break,
    branch_of_work_gone,
    clone_of_nobody,
    codex,
    crew_gone,
    died_adding,
    edit,
    edit_rig,
    events_ahead,
    events_folder,
    gone,
    half_written,
    key_for_all,
    keys_in_git,
    merged_elsewhere,
    not_left_out,
    old_git,
    old_session,
    old_transcript,
    other_branch,
    other_head,
    put,
    rows,
    runs_unknown,
    stale_hooks,
    statement,
    work_of,
    worktree_gone,
    worktree_of_nobody,
    worktree_of_work_gone,
    write,
)

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
    "worktrees-of-work": {"gone": worktree_of_work_gone},
    "convoy-items": {
        "no bead": rows(Convoy(id="hq-cv-1"), ConvoyItem(convoy="hq-cv-1", bead="api-9")),
        "no convoy": rows(Bead(id="api-1"), ConvoyItem(convoy="hq-cv-9", bead="api-1")),
    },
    "transcripts": {"old": old_transcript},
    "old-rows": {"a session": old_session},
    "sessions-running": {
        "a process": runs_unknown("process"),
        **({"in tmux": runs_unknown("tmux")} if shutil.which("tmux") else {}),
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
    "branches-of-work": {
        "gone": branch_of_work_gone,
        "no commit": rows(Bead(id="api-1"), MergeRequest(id="mr-1", rig="api", sha="ab" * 20)),
    },
    "checkouts-known": {"a worktree": worktree_of_nobody, "a clone": clone_of_nobody},
    "items-linked": {"no bead": rows(ItemLink(item="w-1", bead="hq-nowhere"))},
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
