"""Guanxi (关系): a relationship-intelligent operations engine."""

__all__ = ["__version__"]

__version__ = "0.1.0"
