"""Merging work: which requests come next, and which of them break what they are merged into."""
