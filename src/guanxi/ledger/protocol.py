"""What a ledger does, wherever its rows are kept."""

from collections.abc import Iterable
from typing import Protocol

from guanxi.core import GuanxiError
from guanxi.ledger.accounts import Account, Receipt, Request, Standing


class Ledger(Protocol):
    """Accounts, and requests that move amounts between them; `Book` is the definition of each method."""

    def open(self, account: Account, *, now_ms: int = 0) -> Standing:
        """Open an account, empty; the same again changes nothing. 0 = at the instant of the latest entry."""

    def limit(self, account: str, *, floor: int, cap: int | None, now_ms: int = 0) -> Standing:
        """Change an account's limits; what stands stays."""

    def standing(self, account: str, *, before_ms: int | None = None) -> Standing:
        """What an account holds now, or held before an instant."""

    def post(self, request: Request, *, now_ms: int) -> Receipt:
        """Do one request; raises what refused it."""

    def post_many(self, requests: Iterable[Request], *, now_ms: int) -> list[Receipt | GuanxiError]:
        """Do each request on its own: its receipt, or what refused it."""

    def expire(self, *, now_ms: int) -> int:
        """Let lapse and expire all whose time has come; returns the number of entries written."""
