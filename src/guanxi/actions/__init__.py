"""What touches the world once, with permission, and the receipts that come back: values, no sender."""

from guanxi.actions.values import BACK, SENT, Action, Receipt, State

__all__ = ["BACK", "SENT", "Action", "Receipt", "State"]
