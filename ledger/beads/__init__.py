"""Beads: the work items of one town, what may become of them, and which of them is next."""
