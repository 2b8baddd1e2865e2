"""The programs that agents run: presets, a town's own ones, and which of them is meant."""
