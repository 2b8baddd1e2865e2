"""How hard Hypothesis tries where each example writes to a database or walks a large world.

Never harder than the profile says; a hundred examples where that says more.
"""

from hypothesis import HealthCheck, settings

FEW_MAX = 100
FEW = settings(
    max_examples=min(FEW_MAX, settings().max_examples),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
