"""The market's use cases: one module per group of moves, each acting through ports."""
