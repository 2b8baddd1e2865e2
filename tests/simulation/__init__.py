"""Towns in a world that drops, repeats, delays, lies and crashes; every run is a number."""
