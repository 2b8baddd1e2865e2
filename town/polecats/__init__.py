"""Polecats: workers with a lasting name, and worktrees that come and go."""
