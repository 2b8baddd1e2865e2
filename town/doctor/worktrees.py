"""Checks that no work is lost with a folder or a branch (I4), and that no checkout is nobody's.

What is seen of it: work in hand has its worktree and its branch, what was handed in has its commit,
and whatever lies in a rig's folder and has a repository of its own is somebody's.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from ledger.private.store import PrivateStore
from ledger.workspace.rows import POLECAT, Agent, Making, Rig, Worktree
from ledger.workspace.work import ACTIVE, HELD, OPEN_REQUESTS, Assignment, MergeRequest
from town.doctor.check import Check, Finding, Patient, of_lines
from town.hooks.sandbox import ORIGIN
from town.workspace.git import Git, GitError
from town.workspace.leaving import checkouts

RIGS: Final = "rigs"
MEND: Final = "gt doctor --fix"
REMOTE: Final = f"refs/remotes/{ORIGIN}"


# --- worktrees of work


def _without(patient: Patient) -> list[Assignment]:
    """Work in hand whose worktree was there, and is no more."""
    names = {rig.name for rig in patient.rigs()}
    works = patient.turn(lambda store: store.find(Assignment, state=HELD))
    return [
        work
        for work in works
        if work.rig in names
        and work.worktree
        and work.furnished_at
        and not (patient.workspace.root / work.worktree / ".git").exists()
    ]


def _worktrees(patient: Patient) -> Finding:
    lines = (f"{work.worktree} is gone, where {work.bead} is done" for work in _without(patient))
    hint = f"{MEND} makes it again with everything that was committed; the rest is lost."
    return of_lines(lines, good="all there", bad="are gone", hint=hint)


def _furnish(patient: Patient) -> None:
    for work in _without(patient):
        if not _lost_branches([work], patient):  # else it would begin anew as if nothing had been
            patient.base.hooks.furnish(work)


# --- branches of work


def _branches(patient: Patient) -> Finding:
    lines = (line for rig in patient.rigs() for line in _branch_lines(patient, rig))
    hint = "Look for its commit with git fsck --lost-found in .repo.git; else gt unsling its bead."
    return of_lines(lines, good="all there", bad="are gone", hint=hint)


def _branch_lines(patient: Patient, rig: Rig) -> Iterator[str]:
    place = patient.workspace.rig(rig.name).repository
    if not place.is_dir():
        return  # that is another check's

    def rows(store: PrivateStore) -> tuple[Sequence[Assignment], Sequence[MergeRequest]]:
        works = store.find(Assignment, state=ACTIVE)
        return (
            [one for one in works if one.rig == rig.name and one.branch and one.furnished_at],
            [one for one in store.find(MergeRequest, rig=rig.name, state=OPEN_REQUESTS) if one.sha],
        )

    works, requests = patient.turn(rows)
    for work in _lost_branches(works, patient):
        yield f"{work.branch} is gone, on which {work.bead} is done"
    missing = _missing((one.sha for one in requests), place, patient.git)
    for request in requests:
        if request.sha in missing:
            yield f"{request.sha[:12]} is gone, which {request.id} handed in"


def _lost_branches(works: Sequence[Assignment], patient: Patient) -> list[Assignment]:
    """Those of one rig's works whose branch is neither in its repository nor at its remote."""
    if not works:
        return []
    refs = {one.id: (f"refs/heads/{one.branch}", f"{REMOTE}/{one.branch}") for one in works}
    place = patient.workspace.rig(works[0].rig).repository
    missing = _missing((ref for both in refs.values() for ref in both), place, patient.git)
    return [one for one in works if missing.issuperset(refs[one.id])]


def _missing(names: Iterable[str], place: Path, git: Git) -> set[str]:
    """Those of the names that are no commit of the repository."""
    asked = list(dict.fromkeys(names))
    if not asked:
        return set()
    lines = "".join(f"{name}^{{commit}}\n" for name in asked)
    told = git.run("cat-file", "--batch-check", at=place, stdin=lines).splitlines()
    return {name for name, line in zip(asked, told, strict=True) if line.endswith(" missing")}


# --- checkouts of nobody


def _checkouts(patient: Patient) -> Finding:
    lines = (line for rig in patient.rigs() for line in _stray_lines(patient, rig))
    hint = "Push what it has, then remove it: git worktree remove, or its folder."
    return of_lines(
        lines, good="each is somebody's", bad="are nobody's", hint=hint, status="warning"
    )


def _stray_lines(patient: Patient, rig: Rig) -> Iterator[str]:
    folder, root = patient.workspace.rig(rig.name), patient.workspace.root
    found = checkouts(folder)  # before the rows: whoever makes one has a row longer than a folder

    def known(store: PrivateStore) -> set[str]:
        workers = store.find(Agent, rig=rig.name, role=POLECAT)
        return {
            *(tree.path for tree in store.find(Worktree, rig=rig.name)),
            *(making.path for making in store.find(Making)),
            *(str((folder.polecats / who.name / rig.name).relative_to(root)) for who in workers),
            *(str(path.relative_to(root)) for path in (folder.mayor, folder.refinery)),
        }

    ours = patient.turn(known)
    for path in found:
        name = str(path.relative_to(root))
        if name not in ours and not _being_made(path):
            yield f"{name} is nobody's: {_standing(patient, path)}"


def _being_made(path: Path) -> bool:
    return any(part.startswith(".") for part in (path.name, path.parent.name))


def _standing(patient: Patient, path: Path) -> str:
    try:
        whole = (path / ".git").is_dir()
        standing = patient.git.clone_standing(path) if whole else patient.git.standing(path)
    except GitError as error:
        return f"git cannot look at it: {error.said}"
    return ", ".join(standing.lost) or "nothing in it would be lost"


CHECKS = (
    Check(
        name="worktrees-of-work", what="work in hand has its worktree", category=RIGS,
        look=_worktrees, mend=_furnish,
    ),
    Check(
        name="branches-of-work", what="work has its branch, what was handed in its commit",
        category=RIGS, look=_branches,
    ),
    Check(
        name="checkouts-known", what="every checkout is somebody's", category=RIGS,
        look=_checkouts,
    ),
)  # fmt: skip
