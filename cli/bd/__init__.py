"""The program `bd`: beads, the work items of a town or of one project."""
