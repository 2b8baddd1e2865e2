"""Escalation: what a person must know, said once and counted when it comes up again."""
