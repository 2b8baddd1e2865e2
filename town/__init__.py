"""The town: the market's use cases, the node that runs them, the board that shows them."""
