"""Nodes that talk over real sockets on loopback, honest and hostile."""
