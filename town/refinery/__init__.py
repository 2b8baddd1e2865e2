"""The refinery: what was handed in is tried together and merged, or given back with a reason."""
