"""The town's words: names, addresses, searches, service lines, reviews, titles. Only `world` reads them."""

from guanxi.world.words.addresses import addresses, site_names
from guanxi.world.words.lines import (
    FORMS,
    NEEDS,
    PARTS,
    SMALL_TALK,
    review_group,
    review_shelf,
    reviews,
    search_group,
    search_shelf,
    searches,
    service_group,
    service_lines,
    service_shelf,
    title_group,
    title_shelf,
    titles,
)
from guanxi.world.words.names import PHONE_PREFIXES, brand_names, item_names, names, nicknames, phones
from guanxi.world.words.shelf import Shelf

__all__ = [
    "FORMS",
    "NEEDS",
    "PARTS",
    "PHONE_PREFIXES",
    "SMALL_TALK",
    "Shelf",
    "addresses",
    "brand_names",
    "item_names",
    "names",
    "nicknames",
    "phones",
    "review_group",
    "review_shelf",
    "reviews",
    "search_group",
    "search_shelf",
    "searches",
    "service_group",
    "service_lines",
    "service_shelf",
    "site_names",
    "title_group",
    "title_shelf",
    "titles",
]
