"""HTTP between nodes: the one package here that opens a connection or answers one."""
