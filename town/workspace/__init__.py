"""The workspace: one folder with the town's settings, its projects and its agents' homes."""
