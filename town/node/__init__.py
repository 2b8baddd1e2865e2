"""The node: the one place where the parts of a town are put together, started and ended.

Nothing is imported here, because the launcher passes through on its way to two small files.
"""
