"""Rigs: the projects of the town, each a git repository that many agents share."""
