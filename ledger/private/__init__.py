"""The town's private database: typed rows, changes that hold together, and the events they left.

Nothing here travels to a peer. The port and its memory live here, the SQL in `ledger.dolt`.
"""
