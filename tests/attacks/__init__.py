"""The attacks of docs/spec/attacks.md, each a test under its number, on the real code."""
