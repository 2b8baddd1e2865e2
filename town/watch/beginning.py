"""How the watch begins a session: as everybody does, with what is on the hook."""

from dataclasses import dataclass

from town.agents.address import parsed
from town.sessions.port import SessionError
from town.sessions.starting import SessionRequest, Starting
from town.watch.deciding import Held


@dataclass(frozen=True, slots=True)
class Beginning:
    """Begins the sessions of work on hooks."""

    sessions: Starting

    def begin(self, held: Held, *, attempt: int, reason: str) -> None:
        """The session runs. Raises SessionError, NoAgentError, BadFileError."""
        who = parsed(held.agent.id)
        if who is None:
            raise SessionError(held.agent.id, "is no address of an agent")
        work = held.work
        self.sessions.begin(
            SessionRequest(
                who=who,
                sender=work.dispatched_by or "deacon",
                topic=reason,
                runtime=work.runtime,
                assignment=work.id,
                bead=work.bead,
                branch=work.branch,
                attempt=attempt,
            )
        )
