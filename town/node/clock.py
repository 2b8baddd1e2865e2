"""The town's clock and its source of chance: the only place that reads either.

Everything that decides takes `now` and secrets as values.
"""

import secrets
import time

SECRET_BYTES = 16


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def monotonic() -> float:
    """Seconds that never run backwards, for timeouts."""
    return time.monotonic()


def new_secret() -> bytes:
    """16 bytes that nobody can guess."""
    return secrets.token_bytes(SECRET_BYTES)
