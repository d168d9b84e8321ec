"""Metrics: one definition (口径) for console, command line, API and reports."""
