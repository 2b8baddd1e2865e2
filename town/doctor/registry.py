"""Every check of the town, in the order in which they are run."""

from typing import Final

from town.doctor import agents, merged, rigs, rules, store, workspace
from town.doctor.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    *workspace.CHECKS,
    *store.CHECKS,
    *rigs.CHECKS,
    *merged.CHECKS,
    *rules.CHECKS,
    *agents.CHECKS,
)
