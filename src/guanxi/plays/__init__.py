"""What goes on by itself: jobs, schedules, journeys."""

from guanxi.plays.jobs import ENDED, Flow, Jobs, JobState, JobStatus, Json, Steps, job_id
from guanxi.plays.schedules import Plan, Rule, is_due, next_ms, planned, ran, read_rule

__all__ = [
    "ENDED",
    "Flow",
    "JobState",
    "JobStatus",
    "Jobs",
    "Json",
    "Plan",
    "Rule",
    "Steps",
    "is_due",
    "job_id",
    "next_ms",
    "planned",
    "ran",
    "read_rule",
]
