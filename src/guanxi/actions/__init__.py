"""What touches the world once, with permission, and the receipts that come back: values, no sender."""

from guanxi.actions.outgoing import NOTICE, OPEN_STATES, ErrorKind, Outgoing, OutState
from guanxi.actions.values import BACK, SENT, Action, Receipt, State

__all__ = [
    "BACK",
    "NOTICE",
    "OPEN_STATES",
    "SENT",
    "Action",
    "ErrorKind",
    "OutState",
    "Outgoing",
    "Receipt",
    "State",
]
