"""The program `gt`: the town, its projects, its agents, and work that reaches main."""
