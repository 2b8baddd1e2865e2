"""Sessions: one run of an agent's program each, named, detached and watched."""
