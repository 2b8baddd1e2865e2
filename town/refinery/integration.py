"""Integration branches of epics: made, looked at, landed in one merge.

Whatever is cut short can be repeated: the epic says what its branch is called before there is one,
and a merge that was pushed is known by what its commit says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.errors import BadFieldError
from ledger.beads.rows import EPIC, TERMINAL, Bead
from ledger.merging import integration
from ledger.merging.integration import Readiness
from ledger.merging.isolating import Outcome
from ledger.merging.judging import first_bad, outcome_of
from ledger.private.store import Change
from ledger.workspace.rows import Rig
from ledger.workspace.work import MERGED, OPEN_REQUESTS, GateRun, MergeRequest
from town.beads.finding import Finding
from town.leases.right import Rights
from town.refinery import guard, landing
from town.refinery.errors import BrokenError, MergeError
from town.refinery.gates import gates_of
from town.refinery.lease import at_work
from town.refinery.records import Records
from town.refinery.scratch import Scratch
from town.refinery.worker import Refinery
from town.workspace.git import GitError

PUSHES_MAX: Final = 5
LAND: Final = "land"


class IntegrationError(MergeError):
    """Something about an integration branch was refused; nothing of it was done."""

    code: ClassVar[str] = "integration.refused"
    hint: ClassVar[str] = "`gt mq integration status EPIC` says how it stands."


class NoIntegrationError(IntegrationError):
    """The epic has no integration branch."""

    code: ClassVar[str] = "integration.none"
    hint: ClassVar[str] = "Make one before its work is given out: gt mq integration create EPIC"
    exit: ClassVar[int] = 3

    def __init__(self, epic: str) -> None:
        super().__init__(f"{epic} has no integration branch")
        self.epic = epic


class NotReadyError(IntegrationError):
    """The branch is not ready to land."""

    code: ClassVar[str] = "integration.not_ready"
    hint: ClassVar[str] = "Wait for the rest, or add --force to land what is there."
    exit: ClassVar[int] = 9

    def __init__(self, branch: str, missing: Sequence[str]) -> None:
        super().__init__(f"{branch} is not ready: {'; '.join(missing)}")
        self.branch, self.missing = branch, list(missing)


class LandingFailedError(IntegrationError):
    """What would land does not merge, or does not pass its gates; nothing was pushed."""

    code: ClassVar[str] = "integration.failed"
    hint: ClassVar[str] = "Mend it on the integration branch, then land again."

    def __init__(self, branch: str, why: str, output: str = "") -> None:
        super().__init__(f"{branch} was not landed: {why}")
        self.branch, self.why, self.output = branch, why, output


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationView:
    """An epic's integration branch, and how it stands."""

    epic: Bead
    rig: Rig
    branch: str
    base: str
    there: bool
    readiness: Readiness
    merged: tuple[MergeRequest, ...] = ()
    pending: tuple[MergeRequest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What landing came to. `again` is true where it had landed before."""

    view: IntegrationView
    commit: str = ""
    again: bool = False
    rehearsed: bool = False


class Integrations(Finding):
    """Integration branches, for one caller."""

    def __init__(self, refinery: Refinery) -> None:
        super().__init__(refinery.store, refinery.ports)
        self.refinery = refinery

    # --- looking

    def below(self, epic: str) -> set[str]:
        """The ids of every bead below an epic."""
        return self.look(lambda: set(self.near().below(self.resolve(epic).id)))

    def target_for(self, rig: Rig, *, epic: str = "", bead: str = "") -> str:
        """The branch that work goes to: an integration branch above its bead, else the default."""
        if not self.refinery.settings(rig.name).integration_branch_refinery_enabled:
            return rig.default_branch

        def work() -> str:
            if epic:
                found = self.resolve(epic)
                if not integration.branch_of(found):
                    raise NoIntegrationError(found.id)
                return integration.branch_of(found)
            words = [word for word in bead.replace("@", "/").split("/") if word]
            near = self.near()
            for word in words:
                above = integration.above(word, near.parent, self.bead_of)
                if above is not None:
                    return integration.branch_of(above)
            return ""

        name = self.look(work)
        return name if name and self._there(rig, name) else rig.default_branch

    def _there(self, rig: Rig, branch: str) -> bool:
        """Whether the remote had the branch when it was last asked."""
        return bool(self.refinery.scratch(rig).head(branch))

    def status(self, rig: Rig, said: str) -> IntegrationView:
        """How the integration branch of an epic stands. Raises NoIntegrationError."""
        scratch = self.refinery.scratch(rig)
        scratch.fetch()
        return self._view(rig, said, scratch)

    def _view(self, rig: Rig, said: str, scratch: Scratch) -> IntegrationView:
        epic = self.look(lambda: self.resolve(said))
        branch = str(epic.metadata.get(integration.BRANCH, ""))
        if not branch:
            raise NoIntegrationError(epic.id)
        base = integration.base_of(epic) or rig.default_branch
        ahead = landing.ahead(scratch, base, branch)

        def work() -> IntegrationView:
            children = [self.bead_of(one) for one in self.near().children(epic.id)]
            known = [one for one in children if one is not None]
            found = self.store.find(MergeRequest, rig=rig.name)
            mine = [one for one in found if one.target == branch]
            pending = tuple(one for one in mine if one.state in OPEN_REQUESTS)
            return IntegrationView(
                epic=epic, rig=rig, branch=branch, base=base, there=bool(scratch.head(branch)),
                readiness=Readiness(
                    ahead=ahead,
                    children=len(known),
                    closed=sum(one.status in TERMINAL for one in known),
                    pending=len(pending),
                ),
                merged=tuple(one for one in mine if one.state == MERGED),
                pending=pending,
            )  # fmt: skip

        return self.look(work)

    # --- making

    def create(self, rig: Rig, said: str, *, template: str = "", base: str = "") -> IntegrationView:
        """The epic has an integration branch, also at the remote. Raises MergeError, GitError."""
        scratch = self.refinery.scratch(rig)
        scratch.fetch()
        start = base or rig.default_branch
        if not scratch.head(start):
            raise IntegrationError(f"the remote has no branch {start}")
        name = self._name(rig, self.look(lambda: self.resolve(said)), template, scratch)
        epic = self.act("gt mq integration create", lambda: self._named(said, name, start))
        branch, start = integration.branch_of(epic), integration.base_of(epic)
        if not scratch.head(branch):
            scratch.push(scratch.head(start), branch=branch, was="")
            scratch.fetch()
        guard.install(self.refinery.workspace.rig(rig.name).repository, rig.default_branch)
        return self._view(rig, epic.id, scratch)

    def _name(self, rig: Rig, epic: Bead, template: str, scratch: Scratch) -> str:
        """The name that the epic's branch has or will have. Raises BadFieldError."""
        settings = self.refinery.settings(rig.name)
        told = template or settings.integration_branch_template or integration.TEMPLATE
        user = self.ports.caller.actor.rpartition("/")[2]
        name = integration.name_of(told, epic, prefix=rig.prefix, user=user)
        if not name:
            raise BadFieldError("branch", f"{told!r} makes no name of a branch")
        return integration.free_name(name, lambda one: bool(scratch.head(one)))

    def _named(self, said: str, name: str, base: str) -> tuple[Bead, Change]:
        old = self.resolve(said)
        if integration.branch_of(old):
            return old, Change()
        if old.status in TERMINAL or old.issue_type != EPIC:
            raise IntegrationError(f"{old.id} is no open epic: {old.issue_type}, {old.status}")
        facts = {**old.metadata, integration.BRANCH: name, integration.BASE: base}
        new = replace(old, metadata=facts, updated_at=self.ports.now())
        told = self.event("integration.created", new.id, branch=name, base=base)
        return new, Change(puts=(new,), events=(told,), seen=(self.seen(old),))

    # --- landing

    def land(
        self, rig: Rig, said: str, *, force: bool = False, untested: bool = False, dry: bool = False
    ) -> Landed:
        """The branch is in its base by one merge, then gone, its epic closed. Raises MergeError."""
        refinery = self.refinery
        with at_work(Rights(self.store, self.ports, refinery.makers), rig.name) as held:
            scratch = refinery.scratch(rig)
            records = Records(self.store, self.ports, rig.name, held)
            with scratch.locked(), scratch.opened(rig.default_branch):
                scratch.fetch()
                view = self._view(rig, said, scratch)
                done = landing.landed_as(scratch, view.base, view.epic.id, view.branch)
                if not done:
                    if view.readiness.missing and not force:
                        raise NotReadyError(view.branch, view.readiness.missing)
                    if not view.there or not view.readiness.ahead:
                        raise NotReadyError(view.branch, view.readiness.missing)
                    if dry:
                        return Landed(view=view, rehearsed=True)
                    commit = self._pushed(view, scratch, records, untested=untested)
                else:
                    commit = done
            landing.drop_branch(scratch, view.branch)
            self._close(view, commit)
            return Landed(view=view, commit=commit, again=bool(done))

    def _pushed(
        self, view: IntegrationView, scratch: Scratch, records: Records, *, untested: bool
    ) -> str:
        """The merge that the base has now."""
        for _ in range(PUSHES_MAX):
            base = scratch.head(view.base)
            title = f"Merge {view.branch}: {view.epic.title}"
            trailers = {"Epic": view.epic.id, "Integration-Branch": view.branch}
            commit = landing.merged(scratch, base, view.branch, message=title, trailers=trailers)
            if not commit:
                raise LandingFailedError(view.branch, f"it does not merge into {view.base}")
            if scratch.same_tree(base, commit):
                raise LandingFailedError(view.branch, "the merge would change nothing")
            self._gate(view, scratch, records, base, commit, untested=untested)
            records.look(records.held.still)
            try:
                scratch.push(commit, branch=view.base, was=base, env={guard.LANDING: "1"})
            except GitError as error:
                scratch.fetch()
                if scratch.contains(view.base, commit):
                    return commit
                if scratch.head(view.base) == base:
                    raise BrokenError("push", error.said or str(error)) from error
            else:
                return commit
        raise LandingFailedError(view.branch, f"others keep pushing to {view.base}")

    def _gate(
        self, view: IntegrationView, scratch: Scratch, records: Records, base: str, commit: str,
        *, untested: bool,
    ) -> None:  # fmt: skip
        gates = gates_of(self.refinery.settings(view.rig.name))
        begun = self.ports.now()
        facts: dict[str, object] = {"tests": {"status": "skipped", "why": "--skip-tests"}}
        outcome = Outcome.PASSED
        if not untested:
            runner = self.refinery.runner(view.rig, scratch, records.held)
            results = runner.run(gates, base=base, sha=commit)
            outcome = outcome_of(results)
            facts = {result.name: result.facts() for result in results}
        records.gated(
            GateRun(
                id=f"gr-{self.ports.new_secret().hex()[:16]}", rig=view.rig.name, sha=commit,
                base=base, passed=outcome is Outcome.PASSED, why=LAND, gates=facts, at=begun,
                took_us=self.ports.now() - begun,
            ),
            flaky=False,
        )  # fmt: skip
        if outcome is not Outcome.PASSED:
            name, bad = first_bad(facts)
            why = f"gate {name}: {bad.get('why', '')}"
            raise LandingFailedError(view.branch, why, str(bad.get("tail", "")))

    def _close(self, view: IntegrationView, commit: str) -> None:
        def work() -> tuple[None, Change]:
            old = self.store.get(Bead, view.epic.id)
            if old is None or old.status in TERMINAL:
                return None, Change()
            reason = f"Landed in {commit}"
            new = rules.closed(old, now=self.ports.now(), reason=reason, force=True)
            told = self.event(
                "integration.landed", new.id, branch=view.branch, base=view.base, commit=commit
            )
            return None, self.changed(old, new, "bead.closed") + Change(events=(told,))

        self.act("gt mq integration land", work)
