"""The scope of a question: the time, the platforms and the moment of knowledge that a URL names."""

import re
from typing import Final

import msgspec

from guanxi.app.workspace import Workspace
from guanxi.core import DataError, Window
from guanxi.engines.lake import aggregate, known_at
from guanxi.engines.log import now_ms
from guanxi.events import repair
from guanxi.traits.metrics import Period, Span, period, span

CURRENCY: Final = "CNY"  # where no order says another


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a question is about.

    now_ms     the instant that "now" stands for
    known      the last sequence number that may be looked at
    period     the window as far as it has passed, and the one it is compared with
    platforms  platform ids; empty = all
    currency   of money; the most used one unless asked for
    t, cmp, align, pf, asof  as they were asked
    """

    now_ms: int
    known: int
    period: Period
    platforms: tuple[str, ...]
    currency: str
    t: str
    cmp: str
    align: str
    pf: str
    asof: str

    @property
    def window(self) -> Window:
        """The part of the asked time that has passed."""
        return self.period.window

    @property
    def compared(self) -> Window | None:
        """The earlier window, cut to the same elapsed part."""
        return self.period.compared

    @property
    def span(self) -> Span:
        """The window as answers carry it."""
        made = span(self.window, partial=self.period.partial)
        assert made is not None  # noqa: S101 - a window gives a span
        return made

    @property
    def compared_span(self) -> Span | None:
        """The earlier window as answers carry it."""
        return span(self.compared)

    @property
    def words(self) -> str:
        """The options by which a command asks for the same."""
        given = [("--t", self.t, ""), ("--cmp", self.cmp, "prev"), ("--align", self.align, "solar"),
                 ("--pf", self.pf, ""), ("--as-of", self.asof, "")]  # fmt: skip
        return " ".join(f"{name} {value}" for name, value, usual in given if value != usual)


def scope(
    workspace: Workspace, *, t: str = "7d", cmp: str = "prev", align: str = "solar", pf: str = "", asof: str = "",
    currency: str = "",
) -> Scope:  # fmt: skip
    """Return the scope that the query parameters of a page name.

    pf        comma-joined platform ids, "" = all
    asof      ISO time or milliseconds: what was known then, "" = now
    currency  of money, "" = the one that most orders have
    raises    DataError naming the parameter and what is allowed
    """
    clock = now_ms()
    asked = _instant(asof)
    at = clock if asked is None else min(asked, clock)
    last = workspace.reader.last_seq()
    known = last if asked is None else min(last, known_at(workspace.reader, at))
    return Scope(
        now_ms=at, known=known, period=period(t, now_ms=at, cmp=cmp, align=align),
        platforms=_platforms(workspace, pf), currency=currency.upper() or _currency(workspace, known),
        t=t, cmp=cmp, align=align, pf=pf, asof=asof,
    )  # fmt: skip


def _instant(text: str) -> int | None:
    if not text:
        return None
    # "+" in a query is a blank; in a time a blank before an offset can be nothing else.
    value = repair.read_time(re.sub(r" (\d\d:?\d\d)\Z", r"+\1", text) if "T" in text else text).value
    if value is None:
        raise DataError("the as-of time is empty", "Write 2026-11-11T00:00:00+08:00, or milliseconds", "asof")
    return int(value)


def _platforms(workspace: Workspace, pf: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in pf.split(",") if name.strip()))
    unknown = [name for name in names if name not in workspace.platforms]
    if unknown:
        known = ", ".join(workspace.platforms)
        raise DataError(f"no platform is called {unknown[0][:40]!r}", f"Use some of {known}", "pf")
    return names


def _currency(workspace: Workspace, known: int) -> str:
    """The currency of most orders, as known then; the first by name of equals."""
    orders = "SELECT currency FROM order_completed UNION ALL SELECT currency FROM order_created"
    most = "GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1"
    found = aggregate(
        workspace.reader, lambda _: f"SELECT currency FROM ({orders}) WHERE currency IS NOT NULL {most}",
        kinds=("Order Completed", "Order Created"), known=known,
    )  # fmt: skip
    return str(found["currency"][0]) if found.height else CURRENCY
