"""The ledger in Dolt: every statement of SQL in the project is in this package.

An embedded file (`open_doltlite`) or a server; both keep the `Store` port. It holds no rule: what
it writes was judged and folded before.
"""

from ledger.dolt.store import open_dolt_server, open_doltlite

__all__ = ["open_dolt_server", "open_doltlite"]
