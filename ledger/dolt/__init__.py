"""The ledger in Dolt: every statement of SQL in the project is in this package.

An embedded file (`open_doltlite`) or a server; both keep the `Store` port. It holds no rule: what
it writes was judged and folded before. The market's store is loaded when somebody asks for it: a
command on beads alone does without.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.dolt.store import open_dolt_server, open_doltlite

__all__ = ["open_dolt_server", "open_doltlite"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ledger.dolt import store  # noqa: PLC0415

    return getattr(store, name)
