"""The desks of a town, for one caller: each made when it is first asked for, every port plugged in.

One property a system, so that a command imports no more than it needs.
"""

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ledger.private.store import PrivateStore
from town.beads.ports import BeadPorts
from town.node.git import GitProgram
from town.workspace.git import Git
from town.workspace.layout import Workspace

if TYPE_CHECKING:
    from town.crew.desk import Crew
    from town.hooks.handing import Handing
    from town.hooks.priming import Told
    from town.rigs.desk import Rigs
    from town.rigs.ports import Makers
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
    def rigs(self) -> "Rigs":
        """The projects."""
        from town.rigs.desk import Rigs  # noqa: PLC0415

        return Rigs(self.store, self.ports, self.workspace, self.git, self.makers)

    @cached_property
    def crew(self) -> "Crew":
        """The crews of the projects."""
        from town.crew.desk import Crew  # noqa: PLC0415

        return Crew(self.store, self.ports, self.workspace, self.git, self.makers)

    @cached_property
    def hooks(self) -> "Handing":
        """Who works on what: work is given, begun, handed in."""
        from town.hooks.handing import Handing  # noqa: PLC0415
        from town.hooks.requesting import Requesting  # noqa: PLC0415

        request = Requesting(self.store, self.ports).request
        return Handing(self.store, self.ports, self.workspace, self.git, request)

    def told(self, agent: str, *, assignment: str, session: str, begin: bool) -> "Told":
        """What a primed agent is told; its work is begun where that is asked for."""
        from town.hooks.telling import told  # noqa: PLC0415

        return told(self.hooks, agent, assignment=assignment, session=session, begin=begin)

    def watched(self) -> bool:
        """Whether a node keeps sessions running for what is on hooks."""
        from town.node.home import Home  # noqa: PLC0415
        from town.node.lifecycle import running  # noqa: PLC0415

        return running(Home(self.workspace.home)) is not None
