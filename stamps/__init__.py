"""What a town can vouch for: canonical bytes, keys, records and the account log.

It refuses to read a clock, a disk or a network, and imports no other package of the project.
"""
