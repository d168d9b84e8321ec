"""Engines of jobs."""

from guanxi.engines.jobs.dbos import FILE, DbosJobs

__all__ = ["FILE", "DbosJobs"]
