"""Three towns of real processes, worked and killed for minutes: `make soak`."""
