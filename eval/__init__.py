"""Measures back ends."""
