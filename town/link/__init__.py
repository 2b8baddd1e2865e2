"""The link between the town and the market: claimed items become beads, merges become drafts."""
