"""What must be known of whoever does something alone: which process it is, and whether it lives."""

from typing import Protocol


class Makers(Protocol):
    """Processes that do a thing nobody else may do meanwhile, in words that a row can keep."""

    def begin(self, token: str) -> str:
        """Begins the work of that token in this process, and names the process."""
        ...

    def end(self, token: str) -> None:
        """The work of that token is over in this process."""
        ...

    def lives(self, maker: str, token: str, *, begun_at: int) -> bool:
        """Whether that process still does the work of that token."""
        ...
