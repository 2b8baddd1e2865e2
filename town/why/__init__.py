"""Why something is as it is: state, last event, next act, who acts, when; from rows alone."""
