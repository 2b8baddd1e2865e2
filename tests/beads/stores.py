"""Empty private databases of each backend."""

from uuid import uuid4

import pytest

from ledger.beads.kept import KeptPrivate
from ledger.dolt.private import open_private_doltlite, open_private_server
from ledger.private.memory import MemoryPrivate
from ledger.private.store import PrivateStore

BACKENDS = ["memory", "doltlite", "kept", pytest.param("server", marks=pytest.mark.dolt)]


def empty(request: pytest.FixtureRequest, folder) -> PrivateStore:
    """An empty store of the backend that is asked for."""
    if request.param == "memory":
        return MemoryPrivate()
    if request.param == "server":
        server = request.getfixturevalue("dolt")
        return open_private_server(server.url(f"p{uuid4().hex}"), town="rust")
    store = open_private_doltlite(folder / "town.db", town="rust")
    return KeptPrivate(store) if request.param == "kept" else store
