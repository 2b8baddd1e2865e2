"""Words to live sessions, and what became of each."""
