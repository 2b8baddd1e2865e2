"""How the watch begins a session: as everybody does, with what is on the hook."""

from dataclasses import dataclass

from town.agents.address import Address, parsed
from town.sessions.desk import SessionDesk
from town.sessions.port import SessionError
from town.sessions.starting import SessionRequest
from town.watch.deciding import Held


@dataclass(frozen=True, slots=True)
class Beginning:
    """Begins the sessions of work on hooks."""

    sessions: SessionDesk

    def check(self, held: Held) -> None:
        """Raises NoProgramError where its program is not here, NoAgentError, BadFileError."""
        self.sessions.check_program(_who(held), runtime=held.work.runtime)

    def begin(self, held: Held, *, attempt: int, reason: str) -> None:
        """The session runs. Raises SessionError, NoAgentError, BadFileError."""
        who, work = _who(held), held.work
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


def _who(held: Held) -> Address:
    who = parsed(held.agent.id)
    if who is None:
        raise SessionError(held.agent.id, "is no address of an agent")
    return who
