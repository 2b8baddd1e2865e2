"""Hooks: what each agent is working on, kept with its worktree, through every crash."""
