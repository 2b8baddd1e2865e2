"""The board and its people, as the stories of the ledger have them."""

from tests.ledger.conftest import ann, board, bob, dolt, hub

__all__ = ["ann", "board", "bob", "dolt", "hub"]
