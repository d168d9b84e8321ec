"""Engines of jobs."""

from guanxi.engines.jobs.dbos import DbosJobs

__all__ = ["DbosJobs"]
