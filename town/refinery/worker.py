"""The refinery of a rig at work: one cycle takes a batch from the queue to the target, or back.

It may be killed at any moment: what it did is in git and in the rows, and the next cycle goes on
from there. A rig has one refinery at work at a time, whoever begins it.
"""

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from msgspec.structs import replace as changed

from ledger.private.store import PrivateStore
from ledger.workspace.rows import OPERATIONAL, REFINERY, Rig
from town.beads.acting import Acting
from town.beads.ports import BeadPorts, Caller
from town.leases.ports import Makers
from town.leases.right import Held, Rights
from town.refinery.cleaning import Cleaning
from town.refinery.cycle import Cycle
from town.refinery.errors import PUSH, TARGET, BrokenError
from town.refinery.fixing import Fixing
from town.refinery.gates import GateRunner, gates_of
from town.refinery.lease import at_work
from town.refinery.merging import Merging
from town.refinery.moved import Moved
from town.refinery.ports import Commands, Fixer
from town.refinery.queue import Queue
from town.refinery.records import Records
from town.refinery.recovery import Recovery
from town.refinery.returning import Returning
from town.refinery.reviewing import Reviewing
from town.refinery.scratch import Scratch
from town.refinery.sight import Sight
from town.refinery.trying import Trying
from town.rigs.errors import NoRigError
from town.workspace.files import BadFileError
from town.workspace.git import Git, GitError
from town.workspace.install import overseer_of
from town.workspace.layout import Workspace
from town.workspace.settings import MergeQueue, SettingError
from town.workspace.settings_file import rig_settings

MARK: Final = "GT_REFINERY"
OF_A_TARGET: Final = (PUSH, TARGET)  # others may go on
REBASE: Final = "auto_rebase"
BY_A_PERSON: Final = "pr"
BROKEN: Final = (BrokenError, GitError, BadFileError, SettingError, OSError)


class Refinery(Acting):
    """The refineries of a town. `stop` ends what they are doing, and nothing is merged then."""

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        workspace: Workspace,
        git: Git,
        *,
        commands: Commands,
        makers: Makers,
        env: Mapping[str, str],
        fixer: Fixer | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        super().__init__(store, ports)
        self.workspace = workspace
        self.git = git
        self.commands = commands
        self.makers = makers
        self.env = env
        self.fixer = fixer
        self.stop = stop or threading.Event()

    def cycle(self, name: str, *, at_once: bool = False) -> Cycle:
        """What is due in a rig's queue is merged, or given back. Raises BusyRefineryError.

        `at_once` waits neither for others to try together nor after something was broken.
        """
        rig = self.rig(name)
        ports = self._own_ports(rig.name)
        sight = Sight(self.store, ports, rig.name, at_once=at_once)
        if rig.state != OPERATIONAL and not at_once:
            return Cycle(rig=rig.name)
        idle = None if at_once else self._idle(sight)
        if idle is not None:
            return idle
        with at_work(Rights(self.store, ports, self.makers), rig.name) as held:
            one = _OneCycle(self, rig, held, sight)
            try:
                one.run()
            except BROKEN as error:
                one.broken(error)
            return one.cycle

    def _idle(self, sight: Sight) -> Cycle | None:
        """What a cycle with nothing to do comes to, nothing written; None for one that has."""
        state = sight.state()
        if sight.rests(state):
            return sight.resting(state)
        if state.broken or sight.begun():
            return None
        try:
            settings = self.settings(sight.rig)
        except BROKEN:
            return None  # the cycle will say so
        found = sight.batch(settings)
        if settings.enabled and sight.due(found, settings):
            return None
        return Cycle(rig=sight.rig, due=found.due if found.lines else 0)

    def rig(self, name: str) -> Rig:
        """The rig of this name. Raises NoRigError."""

        def work() -> Rig:
            found = self.store.get(Rig, name.rstrip("/"))
            if found is None or not found.default_branch:
                raise NoRigError(name, [rig.name for rig in self.store.find(Rig)])
            return found

        return self.look(work)

    def settings(self, rig: str) -> MergeQueue:
        """How a rig merges. Raises BadFileError, SettingError."""
        queue = rig_settings(self.workspace.rig(rig)).read().merge_queue
        if queue.merge_strategy != BY_A_PERSON:
            return queue
        # A person merges one by one, so each is tried by itself, as its branch has it.
        alone = changed(queue.batch, max_batch_size=1)
        return changed(queue, batch=alone, fix_inline="")

    def _own_ports(self, rig: str) -> BeadPorts:
        """The ports, as the refinery itself uses them: whatever it does, it is who did it."""
        email = overseer_of(self.workspace).email
        return replace(self.ports, caller=Caller(actor=f"{rig}/{REFINERY}", owner=email))

    def scratch(self, rig: Rig) -> Scratch:
        """The worktree in which a rig's work is tried."""
        folder = self.workspace.rig(rig.name)
        return Scratch(
            self.git,
            folder,
            env={MARK: str(folder.path)},
            name=f"{rig.name}/{REFINERY}",
            person=overseer_of(self.workspace),
        )

    def runner(self, rig: Rig, scratch: Scratch, held: Held) -> GateRunner:
        """What runs the gates of a rig there."""
        name = f"{rig.name}/{REFINERY}"
        told = {"GT_ROLE": name, "GT_RIG": rig.name, "GT_ROOT": str(self.workspace.root)}
        env = {**self.env, **told, "BD_ACTOR": name, **scratch.mark}
        return GateRunner(self.commands, tree=scratch, env=env, beat=held.beat, stop=self.stop)


class _OneCycle:
    """One cycle of one rig's refinery, its lease held."""

    def __init__(self, refinery: Refinery, rig: Rig, held: Held, sight: Sight) -> None:
        self.refinery = refinery
        self.rig = rig
        self.held = held
        self.sight = sight
        self.cycle = Cycle(rig=rig.name)
        self.records = Records(refinery.store, held.ports, rig.name, held)
        self.queue = Queue(refinery.store, held.ports)
        self.scratch = refinery.scratch(rig)

    def broken(self, error: Exception) -> None:
        """The refinery rests, and says what it could not do; unless it was told to end."""
        what = error.what if isinstance(error, BrokenError) else _what(error)
        if self.refinery.stop.is_set():
            self.cycle.broken, self.cycle.reason = "stopped", "it was told to end"
            return
        state = self.records.broken(what, _words(error))
        self.cycle.broken, self.cycle.reason = what, state.reason
        self.cycle.due = state.rests_until

    def run(self) -> None:
        """Whatever is due is done."""
        refinery, sight = self.refinery, self.sight
        settings = refinery.settings(self.rig.name)
        if not settings.enabled:
            return
        self.scratch.rebases = settings.on_conflict == REBASE
        if sight.begun() or sight.due(sight.batch(settings), settings):
            with self.scratch.locked():
                if self.held.taken_over:
                    refinery.commands.end_left(*next(iter(self.scratch.mark.items())))
                with self.scratch.opened(self.rig.default_branch):
                    self._work(settings)
            cleaning = Cleaning(refinery.store, self.held.ports, refinery.workspace, refinery.git)
            cleaning.clean(self.rig, delete=settings.delete_merged_branches)
            self.records.said(self.cycle.words)
        elif sight.state().broken:
            self.records.said(self.cycle.words)
        found = sight.batch(settings)
        self.cycle.due = max(found.due, 1) if found.lines else 0

    def _work(self, settings: MergeQueue) -> None:
        self.scratch.fetch()
        moved, tried = Moved(self.records, self.scratch), [self.rig.default_branch]
        moved.look()
        self._recover(settings)
        merging = self._merging(settings)
        broken: list[BrokenError] = []
        while True:
            found = self.sight.batch(settings, without=[one.target for one in broken])
            if not self.sight.due(found, settings):
                break
            tried.append(found.target)
            try:
                merging.run(found, self.cycle)
                break
            except BrokenError as error:
                if error.what not in OF_A_TARGET:
                    raise
                error.target = found.target
                broken.append(error)
        moved.remember(tried)
        if broken:
            raise broken[0]

    def _recover(self, settings: MergeQueue) -> None:
        """What others left, or did meanwhile, is seen to."""
        recovery = Recovery(self.records, self.sight, self.queue, self.scratch)
        self.cycle.merged += recovery.finish()
        recovery.unblock()
        recovery.targets(self.rig.default_branch)
        waiting = self.sight.reviewed()
        self.cycle.merged += self._reviewing(settings).landed(waiting)

    def _merging(self, settings: MergeQueue) -> Merging:
        again = settings.batch.retry_batch_on_flaky
        runner = self.refinery.runner(self.rig, self.scratch, self.held)
        gates = gates_of(settings)
        trying = Trying(self.scratch, runner, self.records, gates, again=again)
        returning = Returning(self.refinery.store, self.held.ports, settings)
        by_hand = settings.merge_strategy == BY_A_PERSON
        reviewing = self._reviewing(settings) if by_hand else None
        return Merging(self.records, trying, returning, self._fixing(settings, trying), reviewing)

    def _reviewing(self, settings: MergeQueue) -> Reviewing:
        provider = settings.vcs_provider
        return Reviewing(self.records, self.scratch, self.rig, provider=provider)

    def _fixing(self, settings: MergeQueue, trying: Trying) -> Fixing | None:
        """What mends culprits, where the settings name an agent and somebody can run it."""
        fixer, agent = self.refinery.fixer, settings.fix_inline
        if fixer is None or not agent:
            return None
        return Fixing(fixer, agent, trying, beat=self.held.beat)


def _what(error: Exception) -> str:
    """What could not be done, in a word."""
    if isinstance(error, GitError):
        return "git"
    return "worktree" if isinstance(error, OSError) else "settings"


def _words(error: Exception) -> str:
    return error.said or str(error) if isinstance(error, GitError) else str(error)
