"""What is asked, what could be chosen, and what was decided: values and their laws, no policy."""

from guanxi.decisions.columns import NONE, Asks, Decisions, check_answers
from guanxi.decisions.laws import Pairs, Scalar
from guanxi.decisions.values import (
    ASKED,
    CHANNELS,
    COUPON,
    NOTHING,
    TOLD,
    Ask,
    Candidate,
    Decision,
    Mode,
    decision_id,
)

__all__ = [
    "ASKED",
    "CHANNELS",
    "COUPON",
    "NONE",
    "NOTHING",
    "TOLD",
    "Ask",
    "Asks",
    "Candidate",
    "Decision",
    "Decisions",
    "Mode",
    "Pairs",
    "Scalar",
    "check_answers",
    "decision_id",
]
