"""The desks of a town, for one caller: each made when it is first asked for, every port plugged in.

One property a system, so that a command imports no more than it needs.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ledger.private.store import PrivateStore
from ledger.workspace.rows import POLECAT, Agent
from stamps.errors import WastelandError
from town.beads.ports import BeadPorts
from town.node.git import GitProgram
from town.workspace.git import Git
from town.workspace.layout import Workspace

if TYPE_CHECKING:
    from ledger.workspace.work import MergeRequest
    from town.convoys.staging import Staging
    from town.crew.startup import Startup
    from town.crew.visiting import Visiting
    from town.growth.transcripts import Transcripts
    from town.hooks.checkpoints import Checkpoints
    from town.hooks.leaving import Leaving
    from town.hooks.priming import Told
    from town.hooks.slinging import Order, Slung
    from town.leases.ports import Makers
    from town.mail.desk import Mail
    from town.mail.groups import Groups
    from town.nudge.rounds import Rounds
    from town.polecats.desk import Polecats
    from town.refinery.integration import Integrations
    from town.refinery.queue import Queue
    from town.refinery.submitting import Submitting
    from town.refinery.verifying import Verdict
    from town.refinery.worker import Refinery
    from town.rigs.resetting import Resetting
    from town.rigs.returning import Returning
    from town.seance.desk import Seance
    from town.sessions.desk import SessionDesk
    from town.sessions.port import Sessions
    from town.trail.desk import Trail
    from town.watch.desk import Watch
    from town.why.desk import Explaining
    from town.workspace.desk import Town


class Works:
    """What a caller can do in a town. `env` is that of the caller's programs."""

    def __init__(
        self,
        *,
        store: PrivateStore,
        ports: BeadPorts,
        workspace: Workspace,
        env: Mapping[str, str],
        makers: "Makers",
        now: Callable[[], int],
        cancelled: threading.Event | None = None,
    ) -> None:
        self.store = store
        self.ports = ports
        self.workspace = workspace
        self.env = env
        self.makers = makers
        self.now = now
        self.cancelled = cancelled

    @cached_property
    def git(self) -> Git:
        """The caller's git; it ends where nobody waits for it any more."""
        return GitProgram(self.env, cancelled=self.cancelled)

    @cached_property
    def town(self) -> "Town":
        """The town itself."""
        from town.workspace.desk import Town  # noqa: PLC0415

        return Town(self.store, self.ports, self.workspace)

    @cached_property
    def rigs(self) -> "Returning":
        """The projects."""
        from town.rigs.returning import Returning  # noqa: PLC0415

        return Returning(self.store, self.ports, self.workspace, self.git, self.makers)

    @cached_property
    def resets(self) -> "Resetting":
        """What is left over in the projects, and cleared."""
        from town.rigs.resetting import Resetting  # noqa: PLC0415

        return Resetting(self.store, self.ports)

    @cached_property
    def trail(self) -> "Trail":
        """Who did what, and what was finished."""
        from town.trail.desk import Trail  # noqa: PLC0415

        return Trail(self.store, self.ports, self.workspace, self.git)

    @cached_property
    def polecats(self) -> "Polecats":
        """The workers of the projects, and their worktrees."""
        from town.polecats.desk import Polecats  # noqa: PLC0415

        return Polecats(self.store, self.ports, self.workspace, self.git)

    @cached_property
    def crew(self) -> "Visiting":
        """The crews of the projects."""
        from town.crew.visiting import Visiting  # noqa: PLC0415

        return Visiting(self.store, self.ports, self.workspace, self.git, self.makers)

    @cached_property
    def startup(self) -> "Startup":
        """Who of the crews is begun with the town."""
        from town.crew.startup import Startup  # noqa: PLC0415

        return Startup(self.store, self.ports, self.workspace)

    @cached_property
    def hooks(self) -> "Leaving":
        """Who works on what: work is given, begun, handed in, handed on."""
        from town.hooks.leaving import Leaving  # noqa: PLC0415

        return Leaving(self.store, self.ports, self.workspace, self.git, self.queue.request)

    def sling(self, order: "Order") -> "Slung":
        """The work is given. Raises NoAgentError, BadFileError, and as `hooks.sling`."""
        from town.agents.address import Address  # noqa: PLC0415

        if order.runtime:
            said = order.target
            who = Address(text=said.agent, role=said.role, rig=said.rig, name=said.name)
            self.agents.preset(who, runtime=order.runtime)
        return self.hooks.sling(order)

    def hindrances(self, slung: "Sequence[Slung]") -> list[str]:
        """Why no session of these workers could begin here, each cause once."""
        from town.agents.address import parsed  # noqa: PLC0415
        from town.sessions.programs import unbegun  # noqa: PLC0415

        found = []
        for one in slung:
            who = parsed(one.agent.id)
            if who is None or who.role != POLECAT:
                continue
            try:
                self.agents.check_program(who, runtime=one.work.runtime)
            except WastelandError as error:
                found.append(f"{unbegun(error)}. {error.hint}")
        return list(dict.fromkeys(found))

    @cached_property
    def queue(self) -> "Queue":
        """The merge queues of the projects."""
        from town.refinery.queue import Queue  # noqa: PLC0415

        return Queue(self.store, self.ports)

    @cached_property
    def checkpoints(self) -> "Checkpoints":
        """How far the agents' work is."""
        from town.hooks.checkpoints import Checkpoints  # noqa: PLC0415

        return Checkpoints(self.store, self.ports, self.workspace, self.git)

    @cached_property
    def submitting(self) -> "Submitting":
        """Branches that are handed in by hand."""
        from town.refinery.submitting import Submitting  # noqa: PLC0415

        return Submitting(self.store, self.ports, self.git)

    @cached_property
    def integration(self) -> "Integrations":
        """The integration branches of epics."""
        from town.refinery.integration import Integrations  # noqa: PLC0415

        return Integrations(self.refinery)

    @cached_property
    def refinery(self) -> "Refinery":
        """What merges the projects' work."""
        from town.node.gates import ShellCommands, gate_environment  # noqa: PLC0415
        from town.refinery.mending import AgentFixer  # noqa: PLC0415
        from town.refinery.worker import Refinery  # noqa: PLC0415

        commands, env = ShellCommands(), gate_environment(self.env)
        return Refinery(
            self.store,
            self.ports,
            self.workspace,
            self.git,
            commands=commands,
            makers=self.makers,
            env=env,
            fixer=AgentFixer(commands, self.workspace, env, lambda: self.refinery.stop),
            stop=self.cancelled,
        )

    @cached_property
    def watch(self) -> "Watch":
        """What keeps sessions running for the work on hooks."""
        from town.node import session_choice as choice  # noqa: PLC0415
        from town.node.watching import newest_sign  # noqa: PLC0415
        from town.watch.beginning import Beginning  # noqa: PLC0415
        from town.watch.desk import Watch, WatchPorts  # noqa: PLC0415

        root = self.workspace.root
        ports = WatchPorts(
            sessions=lambda name: choice.sessions_called(name, self.workspace, self.env),
            provider=lambda: choice.provider_of(self.workspace, self.env),
            starter=Beginning(self.agents),
            active_at=lambda work: newest_sign(root, work, now=self.now()),
        )
        return Watch(self.store, self.ports, self.hooks, ports)

    @cached_property
    def why(self) -> "Explaining":
        """Why things are as they are."""
        from town.node.convoy_ports import convoy_ports  # noqa: PLC0415
        from town.why.desk import Explaining  # noqa: PLC0415

        town = convoy_ports(self.workspace, dispatching=self.watched)
        return Explaining(self.store, self.ports, town)

    def told(self, agent: str, *, assignment: str, session: str, begin: bool) -> "Told":
        """What a primed agent is told; its work is begun where that is asked for."""
        from town.hooks.telling import told  # noqa: PLC0415

        return told(self.hooks, agent, assignment=assignment, session=session, begin=begin)

    def watched(self) -> bool:
        """Whether a node keeps sessions running for what is on hooks."""
        from town.node.home import Home  # noqa: PLC0415
        from town.node.lifecycle import running  # noqa: PLC0415

        return running(Home(self.workspace.home)) is not None

    @cached_property
    def sessions(self) -> "Sessions":
        """What runs the town's sessions. Raises NoProviderError."""
        from town.node.session_choice import sessions_of  # noqa: PLC0415

        return sessions_of(self.workspace, self.env)

    @cached_property
    def agents(self) -> "SessionDesk":
        """The agents' sessions: begun, looked at, told, ended."""
        from town.node import session_choice as choice  # noqa: PLC0415
        from town.sessions.desk import SessionDesk  # noqa: PLC0415
        from town.sessions.starting import SessionPorts  # noqa: PLC0415

        ports = SessionPorts(
            workspace=self.workspace,
            git=self.git,
            sessions=lambda name: choice.sessions_called(name, self.workspace, self.env),
            provider=lambda: choice.provider_of(self.workspace, self.env),
            makers=self.makers,
            env=self.env,
            bin=choice.own_programs(),
        )
        return SessionDesk(self.store, self.ports, ports)

    @cached_property
    def seance(self) -> "Seance":
        """The sessions that were, and what they can still say."""
        from town.node.asked import ask_program  # noqa: PLC0415
        from town.seance.desk import Seance, SeancePorts  # noqa: PLC0415

        agents = self.agents
        around = SeancePorts(preset=agents.preset_of, run=ask_program, env=agents.environment_of)
        return Seance(self.store, self.ports, around)

    @cached_property
    def transcripts(self) -> "Transcripts":
        """What sessions printed, as far as it is kept."""
        from town.growth.transcripts import Transcripts  # noqa: PLC0415

        return Transcripts(self.store, self.ports)

    def extension(self, point: str) -> Any:
        """What stands at a point of extension, as the town's settings say.

        Raises ExtensionError.
        """
        from town.extensions.finding import adapter  # noqa: PLC0415
        from town.node.extended import OURS  # noqa: PLC0415
        from town.workspace.settings_file import town_settings  # noqa: PLC0415

        named = town_settings(self.workspace).read().extensions.get(point, "")
        return adapter(point, named, ours=OURS[point], around=self)

    def verified(self, requests: "Sequence[MergeRequest]") -> "dict[str, Verdict]":
        """Of each request that waits, by id, whether it could be merged. Raises GitError."""
        from town.refinery.verifying import verified  # noqa: PLC0415

        return verified(requests, self.git, self.workspace, self.extension("issue_reader"))

    def lists(self) -> Mapping[str, tuple[str, ...]]:
        """The lists of recipients that the town's file has. Raises BadFileError."""
        from town.mail.lists import lists_in  # noqa: PLC0415

        return lists_in(self.workspace.root / "config" / "messaging.json")

    @cached_property
    def mail(self) -> "Mail":
        """The letters."""
        from town.mail.desk import Mail  # noqa: PLC0415

        return Mail(self.store, self.ports, self.lists)

    @cached_property
    def groups(self) -> "Groups":
        """The names for several recipients."""
        from town.mail.groups import Groups  # noqa: PLC0415

        return Groups(self.store, self.ports, self.lists)

    @cached_property
    def nudges(self) -> "Rounds":
        """Words to live sessions, and what a turn is told."""
        from town.node import session_choice as choice  # noqa: PLC0415
        from town.nudge.desk import Patience  # noqa: PLC0415
        from town.nudge.rounds import Rounds  # noqa: PLC0415

        def sessions(provider: str) -> "Sessions":
            name = provider or choice.provider_of(self.workspace, self.env)
            return choice.sessions_called(name, self.workspace, self.env)

        patience = Patience()
        if self.cancelled is not None:
            patience = Patience(sleep=self.cancelled.wait, given_up=self.cancelled.is_set)
        return Rounds(
            self.store,
            self.ports,
            self.lists,
            sessions,
            patience=patience,
            makers=self.makers,
            drains=self._drains,
        )

    def _drains(self, agent: Agent) -> bool:
        """Whether the agent's runtime tells it at its turns' ends what waits; unknown: it does."""
        from town.agents.address import parsed  # noqa: PLC0415

        who = parsed(agent.id)
        try:
            return who is None or self.agents.preset(who, runtime=agent.runtime).drains_nudges
        except WastelandError:
            return True

    @cached_property
    def convoys(self) -> "Staging":
        """The beads that are followed together."""
        from town.convoys.staging import Staging  # noqa: PLC0415
        from town.node.convoy_ports import convoy_ports  # noqa: PLC0415

        town = convoy_ports(self.workspace, dispatching=self.watched)
        return Staging(self.store, self.ports, self.lists, town)

    def tidy(self, paths: Sequence[str]) -> tuple[list[str], list[str]]:
        """The worktrees that are gone, and those that were kept because of what is in them."""
        return self.polecats.tidy(paths)

    def worker_trees(self) -> list[str]:
        """The worktrees of workers that are there."""
        return self.polecats.trees()
