"""Traits: named functions of events, with unit, window and privacy class; metrics are their sums over people."""
