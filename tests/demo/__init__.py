"""The demonstration, run as a stranger would run it."""
