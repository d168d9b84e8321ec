"""What is asked, what could be chosen, what limits it, and what was decided."""

from guanxi.decisions.columns import NONE, Asks, Decisions, check_answers
from guanxi.decisions.laws import Pairs, Scalar
from guanxi.decisions.limits import DIMENSIONS, Dimension, Limit, Room, account_of, source_of, use_of
from guanxi.decisions.made import MADE, decision_event
from guanxi.decisions.records import (
    Arm,
    Context,
    Record,
    Refusal,
    RefusedBy,
    Verdict,
    Weighed,
    read_record,
    record_bytes,
)
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
    "DIMENSIONS",
    "MADE",
    "NONE",
    "NOTHING",
    "TOLD",
    "Arm",
    "Ask",
    "Asks",
    "Candidate",
    "Context",
    "Decision",
    "Decisions",
    "Dimension",
    "Limit",
    "Mode",
    "Pairs",
    "Record",
    "Refusal",
    "RefusedBy",
    "Room",
    "Scalar",
    "Verdict",
    "Weighed",
    "account_of",
    "check_answers",
    "decision_event",
    "decision_id",
    "read_record",
    "record_bytes",
    "source_of",
    "use_of",
]
