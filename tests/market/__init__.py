"""The use cases of a town, told as stories between towns of one process."""
