"""What grows by itself, and how much of it stays: by one set of rules, each with its setting."""
