"""What tests of the private database share."""

from tests.ledger.conftest import dolt

__all__ = ["dolt"]
