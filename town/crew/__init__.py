"""Crew: workspaces of people within a rig, long-lived and their own."""
