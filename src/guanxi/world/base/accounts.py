"""Accounts, devices, addresses of the net, cards and parcel addresses. Events name these, never persons.

| column | unit | source |
|---|---|---|
| account.person i32[a] | sorted; truth, never in an event | |
| people.account_start i32[n+1] | CSR of the accounts of a person | |
| account.platform u8[a] | place in platform.ids; 1..9 platforms a person, at most one account on each | [G] |
| account.device i32[a] | the device it is mostly used on | |
| device.os u8, device.kind u8 | 0 Android, 1 iOS, 2 desktop; 0 phone, 1 tablet, 2 computer | [G] |
| device.shared u8 | 1 a home's tablet: .15 of the homes of two or more | [G] |
| device.person i32 | who holds it; of a home's tablet the head | |
| people.device_start i32[n+1] | CSR of a person's own devices; the homes' tablets stand after all of them | |
| people.home_ip, mobile_ip, office_ip i32 | numbers of one space, -1 = no office; a mobile gate for 40 | [G] |
| people.card i32, people.cards u8 | first card, how many in a row (1..3); .12 of spouses use the head's | [G] |
| people.address i32, people.addresses u8 | the home's; how many are used (1..3): home, station, office | [G] |
| people.pickup i32 | address of the pick-up station in use | |
| address.site i32, address.room i32 | homes first, then one address a site; room -1 = the site's desk | |
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guanxi.world.base.homes import CHILD, ELDER, SPOUSE
from guanxi.world.base.places import STATION
from guanxi.world.board import Board
from guanxi.world.draws import Draws

_BLOCK = 65_536  # people at a time: a person x platform table lives no longer than that


@dataclass(frozen=True, slots=True)
class Accounts:
    """Plants what a person acts through."""

    name: str = "accounts"
    reads: tuple[str, ...] = (
        "people.home", "people.role", "people.age", "people.sex", "people.city", "people.os", "people.office",
        "city.tier", "home.site", "home.room", "site.start", "site.x", "site.y", "platform.share", "platform.lean",
    )  # fmt: skip
    writes: tuple[str, ...] = (
        "account.person", "people.account_start", "account.platform", "account.device", "device.os", "device.kind",
        "device.shared", "device.person", "people.device_start", "people.home_ip", "people.mobile_ip",
        "people.office_ip", "people.card", "people.cards", "people.address", "people.addresses", "people.pickup",
        "address.site", "address.room",
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        held = _held(board, draw.child("platform"))
        person, platform = (side.astype(np.int64) for side in np.nonzero(held))
        start = np.concatenate(([0], held.sum(axis=1).cumsum()))
        board.size("accounts", len(person))
        board.add(self.name, "account.person", person.astype(np.int32))
        board.add(self.name, "people.account_start", start.astype(np.int32))
        board.add(self.name, "account.platform", platform.astype(np.uint8))
        first, tablet = _devices(board, draw.child("device"))
        count = np.diff(first)[person]
        lend = draw.child("lend")
        pick = np.where(lend.uniform(person, slot=platform) < 0.8, 0, lend.integers(person, 1, platform, high=count))
        role = board["people.role"][person]
        at_home = tablet[board["people.home"][person]]
        keen = np.where((role == CHILD) | (role == ELDER), 0.5, 0.12)
        on_tablet = (at_home >= 0) & (lend.uniform(person, 2, platform) < keen)
        board.add(self.name, "account.device", np.where(on_tablet, at_home, first[person] + pick).astype(np.int32))
        self._net(board, draw)
        self._cards(board, draw.child("card"))
        self._addresses(board, draw.child("address"))

    def _net(self, board: Board, draw: Draws) -> None:
        people, homes, cities = (board.count(noun) for noun in ("people", "homes", "cities"))
        pool = max(1, people // 40 // cities)
        gate = draw.child("mobile").integers(np.arange(people), high=pool)
        mobile = homes + board["people.city"].astype(np.int64) * pool + gate
        office = board["people.office"].astype(np.int64)
        board.size("ips", homes + cities * pool + board.count("sites"))
        board.add(self.name, "people.home_ip", board["people.home"].copy())
        board.add(self.name, "people.mobile_ip", mobile.astype(np.int32))
        board.add(
            self.name, "people.office_ip", np.where(office >= 0, homes + cities * pool + office, -1).astype(np.int32)
        )

    def _cards(self, board: Board, draw: Draws) -> None:
        person = np.arange(board.count("people"))
        u = draw.uniform(person)
        cards = 1 + (u > 0.6) + (u > 0.9)
        first = np.concatenate(([0], cards.cumsum()))[:-1]
        board.size("cards", int(cards.sum()))
        shares = (board["people.role"] == SPOUSE) & (draw.uniform(person, slot=1) < 0.12)
        board.add(self.name, "people.card", np.where(shares, np.roll(first, 1), first).astype(np.int32))
        board.add(self.name, "people.cards", np.where(shares, 1, cards).astype(np.uint8))

    def _addresses(self, board: Board, draw: Draws) -> None:
        person = np.arange(board.count("people"))
        homes, sites = board.count("homes"), board.count("sites")
        board.size("addresses", homes + sites)
        board.add(self.name, "address.site", np.concatenate((board["home.site"], np.arange(sites))).astype(np.int32))
        board.add(self.name, "address.room", np.concatenate((board["home.room"], np.full(sites, -1))).astype(np.int32))
        board.add(self.name, "people.address", board["people.home"].copy())
        u = draw.uniform(person)
        board.add(self.name, "people.addresses", (1 + (u > 0.5) + (u > 0.85)).astype(np.uint8))
        board.add(self.name, "people.pickup", (homes + _nearest_station(board)[board["people.home"]]).astype(np.int32))


def _held(board: Board, draw: Draws) -> NDArray[np.bool_]:
    """Return (people, platforms): True where a person holds an account.

    source   weighted sampling without replacement by exponential keys, Efraimidis and Spirakis, IPL 97 (2006)
    """
    share, lean = board["platform.share"].astype(np.float64), board["platform.lean"].astype(np.float64)
    count = np.minimum(9, 1 + draw.child("count").poisson(np.arange(board.count("people")), mean=2.6))
    held = np.zeros((len(count), len(share)), np.bool_)
    for low in range(0, len(count), _BLOCK):
        person = np.arange(low, min(low + _BLOCK, len(count)))
        weight = share * np.exp(traits_of(board, person) @ lean.T)
        keys = draw.exponential(person[:, None], slot=np.arange(len(share))[None, :]) / weight
        bar = np.take_along_axis(np.sort(keys, axis=1), count[person][:, None] - 1, axis=1)
        held[person] = keys <= bar
    return held


def traits_of(board: Board, person: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (k, 3): youth, womanhood and small-town life, each about -1..1, which the platforms' audiences lean on."""
    young = np.clip((40 - board["people.age"][person].astype(np.float64)) / 20, -1.5, 1.2)
    town = (board["city.tier"][board["people.city"][person]].astype(np.float64) - 2.2) / 1.5
    return np.stack([young, 1.0 - 2.0 * board["people.sex"][person], town], axis=1)


def _devices(board: Board, draw: Draws) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    person, homes = np.arange(board.count("people")), board.count("homes")
    u = draw.uniform(person)
    count = 1 + (u > 0.70) + (u > 0.94)
    first = np.concatenate(([0], count.cumsum()))
    owner = np.repeat(person, count)
    place = np.arange(len(owner)) - first[owner]
    tablet_second = draw.uniform(owner, slot=1) < 0.4
    kind = np.where(place == 0, 0, np.where((place == 1) & tablet_second, 1, 2))
    os = np.where(kind == 2, 2, board["people.os"][owner])
    members = np.bincount(board["people.home"], minlength=homes)
    has = (members >= 2) & (draw.uniform(np.arange(homes), slot=2) < 0.15)
    tablet = np.where(has, len(owner) + np.cumsum(has) - 1, -1)
    head = np.searchsorted(board["people.home"], np.flatnonzero(has))
    board.size("devices", len(owner) + int(has.sum()))
    board.add("accounts", "device.os", np.concatenate((os, board["people.os"][head])).astype(np.uint8))
    board.add("accounts", "device.kind", np.concatenate((kind, np.ones(len(head)))).astype(np.uint8))
    board.add("accounts", "device.shared", np.repeat([0, 1], [len(owner), len(head)]).astype(np.uint8))
    board.add("accounts", "device.person", np.concatenate((owner, head)).astype(np.int32))
    board.add("accounts", "people.device_start", first.astype(np.int32))
    return first, tablet


def _nearest_station(board: Board) -> NDArray[np.int64]:
    """Return for each home the pick-up station nearest to it in its city."""
    cities, start = board.count("cities"), board["site.start"]
    x, y = board["site.x"], board["site.y"]
    nearest = np.full(board.count("sites"), -1)
    for city in range(cities):
        stations = np.arange(start[STATION * cities + city], start[STATION * cities + city + 1])
        for kind in (0, 1):  # compounds and dorms
            mine = np.arange(start[kind * cities + city], start[kind * cities + city + 1])
            away = (x[mine, None] - x[None, stations]) ** 2 + (y[mine, None] - y[None, stations]) ** 2
            nearest[mine] = stations[away.argmin(axis=1)]
    of_home: NDArray[np.int64] = nearest[board["home.site"]]
    return of_home
