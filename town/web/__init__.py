"""The board in the browser: pages that work without scripts, their JSON twins, and events."""
