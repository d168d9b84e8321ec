"""Retention: the rows that say which events the law orders kept, how long, and by which article."""

from typing import Final

import msgspec

YEAR_MS: Final = 366 * 86_400_000  # rounded up: keeping a day more is safe, a day less is not


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Kinds of event that an erasure restricts instead of deleting.

    law       the article, in Chinese and English
    years     how long after the event
    kinds     names of the catalogue
    families  families of the catalogue, all their kinds
    """

    law: str
    years: int
    kinds: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


RETENTION: Final[tuple[Retention, ...]] = (
    Retention(
        law="税收征收管理法实施细则 第二十九条 (Tax Collection Rules, art. 29): vouchers and tax records, ten years",
        years=10,
        kinds=("Order Refunded", "Payment Completed", "Payment Failed"),
        families=("settlement",),
    ),
    Retention(
        law="电子商务法 第三十一条 (E-commerce Law, art. 31): what was traded, three years from completion",
        years=3,
        kinds=(
            "Order Created", "Order Updated", "Order Completed", "Order Line Recorded", "Order Cancelled",
            "Order Shipped", "Order Received", "Order Finished", "Return Requested", "Return Refused",
            "Return Received",
        ),
    ),
    Retention(
        law="个人信息保护法 第六十九条, 民法典 第一百八十八条 (PIPL art. 69, Civil Code art. 188): proof that it was "
        "allowed, while claims can be made",
        years=3,
        families=("consent",),
    ),
)  # fmt: skip


def kept_until_ms(kind: str, family: str, at_ms: int) -> int:
    """Return until when the law orders an event kept, milliseconds UTC; 0 when no row of RETENTION names it.

    source  个人信息保护法 第四十七条 (PIPL art. 47): within the period, storing and protecting is all that is allowed
    """
    years = [row.years for row in RETENTION if kind in row.kinds or family in row.families]
    return at_ms + max(years) * YEAR_MS if years else 0
