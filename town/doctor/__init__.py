"""The town's doctor: checks that look, and the few that can mend what they find."""
