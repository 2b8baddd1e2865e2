"""Work whose gates passed and that a person merges: handed over, and seen to be on its target.

The town opens no pull request and calls no host: the branch is pushed, a person is told once what
to do, and a merge is known by what the target has, whoever made it and however.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change
from ledger.workspace.letters import Letter
from ledger.workspace.rows import Rig
from ledger.workspace.work import REVIEW, TRYING, MergeRequest
from town.agents.address import OVERSEER
from town.mail.posting import Posting
from town.refinery.errors import RefusedError
from town.refinery.pulls import asked_of_a_person, page_of
from town.refinery.records import HISTORY, Records
from town.refinery.scratch import Scratch
from town.rigs.source import shown

REVIEW_EVENT: Final = "mr.review"
BY_A_PERSON: Final = "merged by a person"
SAME: Final = "="  # how git marks a commit whose change the other side has too
ALIKE: Final = {
    f"GIT_{who}_{what}": said
    for who in ("AUTHOR", "COMMITTER")
    for what, said in {"NAME": "refinery", "EMAIL": "refinery", "DATE": "@0 +0000"}.items()
}
SUBJECT_CHARS_MAX: Final = 200


class Reviewing:
    """Hands one rig's work over to a person, and sees when it is merged."""

    def __init__(self, records: Records, scratch: Scratch, rig: Rig, *, provider: str) -> None:
        self.records = records
        self.scratch = scratch
        self.rig = rig
        self.provider = provider

    def hand_over(self, request: MergeRequest, base: str) -> None:
        """The branch is at the remote, and a person knows what to do.

        Raises GitError, and RefusedError where the remote's branch is another one.
        """
        self._bring(request)
        self.records.act(HISTORY, lambda: (None, self._handed(request.id, base)))

    def _bring(self, request: MergeRequest) -> None:
        """The remote's branch has all of the request; it may have more."""
        there, sha = self.scratch.head(request.branch), request.sha
        if there and self.scratch.is_before(sha, there):
            return
        if there and not self.scratch.is_before(there, sha):
            why = f"{request.branch} ends at {there[:12]} there, which is not in what was handed in"
            raise RefusedError(why)
        self.scratch.push(sha, branch=request.branch, was=there)

    def _handed(self, name: str, base: str) -> Change:
        records = self.records
        old = records.store.get(MergeRequest, name)
        if old is None or old.state != TRYING:
            return Change()
        address = shown(self.rig.push_url or self.rig.git_url)
        page = page_of(address, branch=old.branch, target=old.target, provider=self.provider)
        todo = asked_of_a_person(branch=old.branch, target=old.target, page=page)
        new = replace(
            old, state=REVIEW, tip="", merge_commit="", failure="", conflict_base="",
            reason=f"its gates passed on {base[:12]}; {todo}", updated_at=records.ports.now(),
        )  # fmt: skip
        told = records.event(
            REVIEW_EVENT, old.id, rig=old.rig, bead=old.bead, branch=old.branch,
            target=old.target, worker=old.worker, sha=old.sha, base=base, page=page,
        )  # fmt: skip
        change = Change(puts=(new,), events=(told,), seen=(records.seen(old),))
        return change + self._letter(new, todo)

    def _letter(self, request: MergeRequest, todo: str) -> Change:
        body = (
            f"{request.id}, {request.bead or 'no bead'}, by {request.worker}: {todo}\n\n"
            f"It is seen by itself once {request.target} has it, as a merge, a squash or a rebase."
            f" To give it back: gt mq reject {request.id} --reason R"
        )
        subject = f"To be merged: {request.branch} into {request.target}"[:SUBJECT_CHARS_MAX]
        posting = Posting(self.records.store, self.records.ports)
        letter = Letter(to=(OVERSEER,), subject=subject, body=body)
        return posting.told(letter, sender=self.records.ports.caller.actor)

    # --- what a person did

    def landed(self, waiting: Sequence[MergeRequest]) -> Iterator[str]:
        """Those that are on their target, and so in the rows now. The remote was fetched."""
        for request in waiting:
            commit = self._landed_as(request)
            if commit:
                why = f"{BY_A_PERSON}, as {commit[:12]}"
                step = partial(self.records.seen_merged, request, commit=commit, reason=why)
                if self.records.act(HISTORY, step):
                    yield request.id

    def _landed_as(self, request: MergeRequest) -> str:
        """The commit by which the target has the request; empty where it has not."""
        head, tip = self.scratch.head(request.target), self._tip(request)
        if not head or not tip:
            return ""
        if self.scratch.is_before(tip, head):
            return self._first("--ancestry-path", "--merges", f"{tip}..{head}") or tip
        return self._squashed(head, tip) or self._rebased(head, tip)

    def _tip(self, request: MergeRequest) -> str:
        """The branch as it is at the remote, where it goes on from what was handed in."""
        there = self.scratch.head(request.branch)
        mine = self.scratch.commit_of(request.sha)
        return there if there and mine and self.scratch.is_before(mine, there) else mine

    def _squashed(self, head: str, tip: str) -> str:
        """The commit of the target that has the branch's whole change as one."""
        repository = self.scratch.folder.repository
        base = self.scratch.base_of(head, tip)
        if not base:
            return ""
        tree = f"{tip}^{{tree}}"
        words = ("commit-tree", "-p", base, "-m", "All of it", tree)
        env = {**self.scratch.env, **ALIKE}  # each look makes the very same commit
        return self._same(head, self.scratch.git.run(*words, at=repository, env=env).strip())

    def _rebased(self, head: str, tip: str) -> str:
        """The last commit of the target that has one of the branch's, where it has all of them."""
        words = ("--right-only", "--no-merges", "--cherry-mark", f"{head}...{tip}")
        mine = self._listed(*words)
        if not mine or not all(line.startswith(SAME) for line in mine):
            return ""
        return self._same(head, tip)

    def _same(self, head: str, tip: str) -> str:
        """The newest commit of the target whose change the other has too; empty for none."""
        lines = self._listed("--left-only", "--no-merges", "--cherry-mark", f"{head}...{tip}")
        return next((line.removeprefix(SAME) for line in lines if line.startswith(SAME)), "")

    def _first(self, *words: str) -> str:
        """The oldest commit that is listed so; empty for none."""
        found = self._listed(*words)
        return found[-1] if found else ""

    def _listed(self, *words: str) -> list[str]:
        told = self.scratch.run("rev-list", *words, at=self.scratch.folder.repository)
        return told.split()
