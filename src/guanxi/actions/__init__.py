"""What touches the world once, with permission, and the receipts that come back: values, laws, no sender."""

from guanxi.actions.outbox import Attempt, Ended, Retried, Route, Taken, Withdrawn
from guanxi.actions.outgoing import NOTICE, OPEN_STATES, ErrorKind, Outgoing, OutState
from guanxi.actions.retries import Breaker, Pace, Rate, Verdict, is_set_back, judge
from guanxi.actions.senders import AGAIN, TEXT, UNCERTAIN, Outcome, OutcomeKind, Sender
from guanxi.actions.values import BACK, SENT, Action, Receipt, State

__all__ = [
    "AGAIN",
    "BACK",
    "NOTICE",
    "OPEN_STATES",
    "SENT",
    "TEXT",
    "UNCERTAIN",
    "Action",
    "Attempt",
    "Breaker",
    "Ended",
    "ErrorKind",
    "OutState",
    "Outcome",
    "OutcomeKind",
    "Outgoing",
    "Pace",
    "Rate",
    "Receipt",
    "Retried",
    "Route",
    "Sender",
    "State",
    "Taken",
    "Verdict",
    "Withdrawn",
    "is_set_back",
    "judge",
]
