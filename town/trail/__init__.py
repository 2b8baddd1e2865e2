"""What somebody did and what was finished, from git, beads and events; it changes nothing."""
