"""The columnar sweep: what every event of a history saw, for wide back-fills; equal to the state bit for bit."""

from guanxi.traits.sweep.sweep import sweep

__all__ = ["sweep"]
