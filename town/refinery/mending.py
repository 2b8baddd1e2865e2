"""An agent that mends what breaks the gates: run once in the scratch worktree, without a session.

It is one command that ends, as a gate is: with a limit, in a group of its own, ended with the
refinery. What it changed is looked at by `fixing`; nothing that it says is believed.
"""

import secrets
import shlex
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

from ledger.workspace.work import MergeRequest
from town.agents.presets import Preset
from town.agents.runtime import BadAgentError, known, launch, question
from town.refinery.gates import BEAT_S, RUN
from town.refinery.ports import Command, Commands
from town.workspace.files import BadFileError, read_json
from town.workspace.layout import Workspace

LIMIT_S: Final = 900.0


class AgentFixer:
    """Runs the agent that the settings name. `stop` ends it."""

    def __init__(
        self,
        commands: Commands,
        workspace: Workspace,
        env: Mapping[str, str],
        stop: Callable[[], threading.Event],
    ) -> None:
        self.commands = commands
        self.workspace = workspace
        self.env = env
        self.stop = stop

    def agent(self, rig: str, name: str) -> Preset | None:
        """The agent of that name; None where nobody is called so."""
        try:
            town = read_json(self.workspace.settings)
            found = known(town, read_json(self.workspace.rig(rig).settings))
        except (BadFileError, BadAgentError):
            return None
        return found.get(name)

    def knows(self, rig: str, agent: str) -> bool:
        """Whether there is an agent of that name."""
        return self.agent(rig, agent) is not None

    def fix(
        self,
        request: MergeRequest,
        *,
        agent: str,
        worktree: Path,
        output: str,
        beat: Callable[[], None],
    ) -> bool:
        """Whether it ended well; it ends where `beat` raises, or the refinery is to end."""
        preset = self.agent(request.rig, agent)
        if preset is None:
            return False
        role = f"{request.rig}/refinery"
        told = {"GT_ROLE": role, "GT_RIG": request.rig, "BD_ACTOR": role, "GT_AGENT": agent}
        token = secrets.token_hex(8)
        mark = {"GT_REFINERY": str(self.workspace.rig(request.rig).path), RUN: token}
        command = Command(
            cmd=shlex.join(argv_of(preset, text_of(request, output))),
            cwd=worktree,
            env={**self.env, **preset.env, **told, **mark},
            timeout_s=LIMIT_S,
        )
        try:
            return self._run(command, beat)
        finally:
            self.commands.end_left(RUN, token)

    def _run(self, command: Command, beat: Callable[[], None]) -> bool:
        over = threading.Event()
        with ThreadPoolExecutor(1, thread_name_prefix="mending") as pool:
            running = pool.submit(self.commands.run, command, over)
            try:
                while wait((running,), timeout=BEAT_S)[1]:
                    beat()
                    if self.stop().is_set():
                        over.set()
            except BaseException:
                over.set()
                raise
            ended = running.result()
        return ended.code == 0 and not ended.timed_out


def argv_of(preset: Preset, text: str) -> tuple[str, ...]:
    """The command that asks the agent once; of one that has no such way, its usual one."""
    try:
        return question(preset, text)
    except BadAgentError:
        return launch(preset, prompt=text)


def text_of(request: MergeRequest, output: str) -> str:
    """What the agent is asked."""
    lines = (
        f"Merge request {request.id} ({request.bead or request.branch}) breaks its gates.",
        f"This folder has its work on top of {request.target} of {request.rig}.",
        "Mend it here, with as little as will do. Do not commit, push or switch branches:",
        "whatever you leave is committed and goes through the gates again.",
        "",
        "What the gate said:",
        output.strip(),
    )
    return "\n".join(lines)
