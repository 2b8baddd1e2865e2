"""What the session of an agent is called: by its role, and in a rig by the prefix of its beads.

Pure. Two agents of a town never have one name: no two rigs have one prefix, and a worker whose own
name looks like that of another role's session has its role written before it.
"""

from typing import Final

from ledger.workspace.rows import BOOT, CREW, DEACON, DOG, MAYOR, REFINERY, WITNESS, Agent

TOWN: Final = "hq"
_SERVICES: Final = (WITNESS, REFINERY)


def session_name(agent: Agent, prefix: str = "") -> str:
    """The name of the agent's session; `prefix` is that of its rig's beads."""
    if agent.role in (MAYOR, DEACON, BOOT):
        return f"{TOWN}-{agent.role}"
    if agent.role == DOG:
        return f"{TOWN}-dog-{agent.name}"
    if agent.role in _SERVICES:
        return f"{prefix}-{agent.role}"
    clash = agent.name in _SERVICES or agent.name.startswith(("crew-", "polecat-"))
    before = "crew-" if agent.role == CREW else "polecat-" if clash else ""
    return f"{prefix}-{before}{agent.name}"
