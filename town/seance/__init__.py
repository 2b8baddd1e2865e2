"""Sessions that were, and what they can still say."""
