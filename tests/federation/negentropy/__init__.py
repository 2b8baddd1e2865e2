"""Tests of the reconciliation of sets."""
