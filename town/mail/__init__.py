"""Letters within the town: who is written to, what is in whose box, what a turn is told."""
