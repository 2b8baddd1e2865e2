"""The rows of a town's workspace: its projects, its agents, and where they work."""
