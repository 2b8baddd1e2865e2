"""Every check of the town, in the order in which they are run."""

from typing import Final

from town.doctor import (
    agents,
    convoys,
    merged,
    rigs,
    rules,
    sessions,
    store,
    workspace,
    worktrees,
)
from town.doctor.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    *workspace.CHECKS,
    *store.CHECKS,
    *rigs.CHECKS,
    *worktrees.CHECKS,
    *merged.CHECKS,
    *rules.CHECKS,
    *convoys.CHECKS,
    *sessions.CHECKS,
    *agents.CHECKS,
)
