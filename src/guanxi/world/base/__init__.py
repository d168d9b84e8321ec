"""The base economy: one part a file, each plants the columns that it owns."""

from datetime import date

from guanxi.world.base.accounts import Accounts
from guanxi.world.base.attention import Attention
from guanxi.world.base.calendar import Calendar
from guanxi.world.base.content import Content
from guanxi.world.base.creators import Creators
from guanxi.world.base.goods import Goods
from guanxi.world.base.homes import Homes
from guanxi.world.base.people import People
from guanxi.world.base.places import COMPOUND, DORM, OFFICE, SHOP, STATION, Places
from guanxi.world.base.platforms import Platforms
from guanxi.world.base.service import Service
from guanxi.world.base.social import Social
from guanxi.world.board import Part

__all__ = [
    "COMPOUND",
    "DORM",
    "OFFICE",
    "SHOP",
    "STATION",
    "Accounts",
    "Attention",
    "Calendar",
    "Content",
    "Creators",
    "Goods",
    "Homes",
    "People",
    "Places",
    "Platforms",
    "Service",
    "Social",
    "public_parts",
]


def public_parts(*, first_day: date) -> tuple[Part, ...]:
    """Return the parts that plant public columns and emit nothing.

    The board must count people, days, items and content before they are planted.
    """
    return (
        Calendar(first_day),
        Places(),
        Homes(),
        People(),
        Accounts(),
        Platforms(),
        Attention(),
        Goods(),
        Content(),
        Creators(),
        Service(),
        Social(),
    )
