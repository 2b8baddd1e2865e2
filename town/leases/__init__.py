"""Leases: who may do one thing at this moment, and until when nobody else may."""
