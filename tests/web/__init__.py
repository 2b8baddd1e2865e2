"""The board in a real browser, and without one."""
