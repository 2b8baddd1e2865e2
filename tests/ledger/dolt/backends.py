"""Empty databases of both real backends, for tests that look beneath the store."""

from collections.abc import Callable, Iterator

import pytest

from ledger.dolt import open_dolt_server, open_doltlite
from ledger.dolt.engine import Database
from ledger.dolt.store import DoltStore

Opened = Callable[[], DoltStore]
BACKENDS = ["doltlite", pytest.param("server", marks=pytest.mark.dolt)]


@pytest.fixture(params=BACKENDS)
def opened(request, tmp_path) -> Iterator[Opened]:
    """Opens the store of one and the same database, as often as it is asked."""
    stores: list[DoltStore] = []

    def store() -> DoltStore:
        if request.param == "doltlite":
            stores.append(open_doltlite(tmp_path / "ledger.db", town="rust"))
        else:
            name = f"b{abs(hash(request.node.nodeid)):x}"
            server = request.getfixturevalue("dolt")
            stores.append(open_dolt_server(server.url(name), town="rust"))
        return stores[-1]

    yield store
    for one in stores:
        one.close()


def is_server(database: Database) -> bool:
    """Whether it lies in a server."""
    return type(database) is not Database
