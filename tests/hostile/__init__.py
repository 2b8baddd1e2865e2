"""Hostile input by number: each case gets its typed answer, and leaves nothing behind."""
