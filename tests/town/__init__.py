"""A town at work: its workspace, its agents, their sessions."""
