"""The watch: one loop that compares what should run with what runs, and acts on the difference."""
