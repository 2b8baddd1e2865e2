"""The node's log: one JSON object a line, in the town's home, readable by its owner alone.

Never a key, a token, the text of a note or a whole command line is logged.
"""

import os
from pathlib import Path

LOG_BYTES_MAX = 8 << 20
LOGS_KEPT = 3


class Logger:
    """Says what happened, with facts. The library behind it is loaded with the first word."""

    def __init__(self, name: str) -> None:
        self.name = name

    def info(self, event: str, **facts: object) -> None:
        """Something that was to be expected."""
        self._say("info", event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Something that a person should know of."""
        self._say("warning", event, facts)

    def _say(self, level: str, event: str, facts: dict[str, object]) -> None:
        import structlog  # noqa: PLC0415  # a command that says nothing does not pay for it

        getattr(structlog.get_logger(self.name), level)(event, **facts)


def log_to(path: Path, *, level: str) -> None:
    """What the process logs from now on stands in this file."""
    import logging  # noqa: PLC0415  # a single command logs nothing
    from logging.handlers import RotatingFileHandler  # noqa: PLC0415

    import structlog  # noqa: PLC0415

    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    writer = RotatingFileHandler(
        path, maxBytes=LOG_BYTES_MAX, backupCount=LOGS_KEPT, encoding="utf-8"
    )
    writer.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(),
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
        )
    )
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.addHandler(writer)
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
