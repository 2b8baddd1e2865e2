"""The command line: parses words, calls one method of the market, prints its answer.

It holds no rule of the market, opens no ledger by itself and talks to no peer.
"""
