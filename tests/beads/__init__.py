"""Beads and the private database that keeps them."""
