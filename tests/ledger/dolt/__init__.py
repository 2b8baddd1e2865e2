"""The embedded store, tried against the one in memory and against kills."""
