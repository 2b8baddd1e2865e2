"""The check that what was merged lies on the branch that it was merged into (I5)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.beads.rows import Bead
from ledger.private.store import PrivateStore
from ledger.workspace.link import MERGED_IN
from ledger.workspace.work import MERGED, MergeRequest
from town.doctor.check import Check, Finding, Patient, of_lines
from town.rigs.remotes import ORIGIN
from town.workspace.git import GitError


def _merged(patient: Patient) -> Finding:
    lines = (line for rig in patient.rigs() for line in _lines(patient, rig.name))
    hint = (
        "Somebody moved the branch back. To have it done again: bd reopen BEAD. To leave it so:"
        " bd reopen BEAD, and close it with a reason of yours."
    )
    return of_lines(lines, good="on their branches", bad="merges are not there", hint=hint)


def _lines(patient: Patient, rig: str) -> Iterator[str]:
    place = patient.workspace.rig(rig).repository
    found = patient.turn(lambda store: [*_standing(store, rig)])
    by_target: dict[str, list[MergeRequest]] = defaultdict(list)
    for request in found:
        if request.merge_commit:
            by_target[request.target].append(request)
    for target, requests in by_target.items():
        ref = f"refs/remotes/{ORIGIN}/{target}"
        # A branch that is gone was landed; what it carried is looked for where it landed.
        if place.is_dir() and patient.git.tells("rev-parse", "-q", "--verify", ref, at=place):
            lost = _not_on(patient, place, ref, [one.merge_commit for one in requests])
            for one in requests:
                if one.merge_commit in lost:
                    commit = one.merge_commit[:12]
                    whose = f" of {one.bead}" if one.bead else ""
                    yield f"{one.id}: {commit}{whose} is not on {target} of {rig}"


def _standing(store: PrivateStore, rig: str) -> Iterator[MergeRequest]:
    """The merges that still count: no bead of which somebody has said otherwise since."""
    for request in store.find(MergeRequest, rig=rig, state=MERGED):
        bead = store.get(Bead, request.bead) if request.bead else None
        if bead is None or bead.close_reason == f"{MERGED_IN}{request.merge_commit}":
            yield request


def _not_on(patient: Patient, place: Path, ref: str, commits: Sequence[str]) -> set[str]:
    """Those of the commits that the branch does not have."""
    asked = "".join(f"{commit}^{{commit}}\n" for commit in commits)
    try:
        told = patient.git.run("cat-file", "--batch-check", at=place, stdin=asked).splitlines()
        missing = {one for one, line in zip(commits, told, strict=True) if " missing" in line}
        there = "".join(f"{one}\n" for one in commits if one not in missing)
        argv = ("rev-list", "--stdin", "--not", ref)
        beyond = patient.git.run(*argv, at=place, stdin=there).split() if there else []
    except GitError:
        return set(commits)
    return missing | (set(beyond) & set(commits))


CHECKS = (
    Check(
        name="merged-commits",
        what="what was merged is on its branch",
        category="rigs",
        look=_merged,
    ),
)
