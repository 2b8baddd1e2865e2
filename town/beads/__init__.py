"""Use cases of the bead ledger: what `bd` does, and what the town does with beads by itself."""
