"""Convoys: beads that are followed together until all of them are done."""
