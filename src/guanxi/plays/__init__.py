"""What goes on by itself: jobs, schedules, journeys."""

from guanxi.plays.jobs import ENDED, Flow, Jobs, JobState, JobStatus, Json, Steps, job_id
from guanxi.plays.journeys import END, Journey, JourneyStep, read_journey
from guanxi.plays.moves import EVENTS, FOREVER, MOVES, STATES, advance, resting
from guanxi.plays.schedules import Plan, Rule, is_due, next_ms, planned, ran, read_rule

__all__ = [
    "END",
    "ENDED",
    "EVENTS",
    "FOREVER",
    "MOVES",
    "STATES",
    "Flow",
    "JobState",
    "JobStatus",
    "Jobs",
    "Journey",
    "JourneyStep",
    "Json",
    "Plan",
    "Rule",
    "Steps",
    "advance",
    "is_due",
    "job_id",
    "next_ms",
    "planned",
    "ran",
    "read_journey",
    "read_rule",
    "resting",
]
