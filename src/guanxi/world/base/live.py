"""What is watched: pieces of content with their reactions, and live rooms with their comments.

A piece is met in proportion to its creator's following and to what is left of its life; rooms belong to creators and
are always open. Nothing here moves a purchase yet: that is for the mechanisms of content.
"""

from typing import Any, ClassVar, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from guanxi.events import EventBatch
from guanxi.world.board import Board
from guanxi.world.day import Day
from guanxi.world.draws import Draws
from guanxi.world.emit import Texts, digits, sheet
from guanxi.world.emit_browse import session_keys, whereabouts
from guanxi.world.kernel import LOGGED_IN
from guanxi.world.mechanism import Planted
from guanxi.world.say import comments, danmaku
from guanxi.world.spec import Range, Spec
from guanxi.world.tables import Sessions

LIVE: Final = 3  # place of live rooms in platform.surface
#: kind, code of the id, share of the views
REACTIONS: Final = (("Content Liked", 1, 0.10), ("Content Saved", 2, 0.04), ("Content Shared", 3, 0.025))
COMMENTED, DANMAKU, ENTERED, LEFT, SAID = 4, 5, 6, 7, 8
LINES: Final = 4  # danmaku of one visit at most


class Live(Planted):
    """Content and live rooms."""

    spec: ClassVar[Spec] = Spec(
        name="live",
        reads=(
            "content.platform",
            "content.creator",
            "content.born",
            "content.half_life",
            "creator.followers",
            "creator.platform",
            "platform.surface",
            "account.platform",
        ),
        emits=(
            "Content Viewed",
            "Content Liked",
            "Content Saved",
            "Content Shared",
            "Content Commented",
            "Live Room Entered",
            "Live Room Left",
            "Live Comment Sent",
        ),
        ranges=(
            Range(name="watched", low=0.45, high=0.55, unit="share", meaning="sessions that watch a piece"),
            Range(name="rooms", low=1.3, high=1.7, meaning="visits of rooms, relative to the surface's share"),
            Range(name="stay", low=3.0, high=5.0, unit="min", meaning="mean stay in a room"),
            Range(name="commented", low=0.02, high=0.04, unit="share", meaning="pieces commented on"),
        ),
    )

    def plant(self, board: Board, draw: Draws) -> None:
        """Sort pieces and rooms by platform."""
        super().plant(board, draw)
        platforms = board.count("platforms")
        self.pieces = np.argsort(board["content.platform"], kind="stable")
        self.piece_start = np.searchsorted(board["content.platform"][self.pieces], np.arange(platforms + 1))
        self.hosts = np.argsort(board["creator.platform"], kind="stable")
        self.host_start = np.searchsorted(board["creator.platform"][self.hosts], np.arange(platforms + 1))
        self.followers = board["creator.followers"].astype(np.float64)

    def watching(self, day: Day, texts: Texts, sessions: Sessions) -> list[EventBatch]:
        """Return what the sessions watch."""
        return [*self._content(day, texts, sessions), *self._rooms(day, texts, sessions)]

    def _content(self, day: Day, texts: Texts, sessions: Sessions) -> list[EventBatch]:
        board, draws = day.board, day.draws("live")
        platform = board["account.platform"][sessions.account]
        some = draws.child("watch").uniform(sessions.person, day.index, sessions.slot) < self.parameters["watched"]
        rows = np.flatnonzero(some & (self.piece_start[platform + 1] > self.piece_start[platform]))
        age = np.maximum(day.index - board["content.born"].astype(np.float64), 0.0)
        fresh = np.where(board["content.born"] > day.index, 0.0, 0.5 ** (age / board["content.half_life"]))
        weight = np.sqrt(self.followers[board["content.creator"]]) * (fresh + 1e-4)
        person, slot = sessions.person[rows], sessions.slot[rows]
        u = draws.child("piece").uniform(person, day.index, slot)
        piece = _within(self.pieces, weight, self.piece_start, platform[rows], u)
        dwell = 2.0 + 25.0 * draws.child("dwell").exponential(person, day.index, slot)
        at = day.start_ms + sessions.at[rows] + 2_000
        shared = {
            **self._roles(day, texts, sessions, rows),
            "role_content": texts.content.gather(piece),
            "role_creator": texts.creator.gather(board["content.creator"][piece].astype(np.int64)),
        }
        viewed = {**shared, "p_dwell_s": np.round(np.minimum(dwell, 900.0), 1), "p_source": "feed"}
        batches = [sheet("Content Viewed", day.pair("live", person, slot), at, person, viewed)]
        low = 0.0
        u = draws.child("react").uniform(person, day.index, slot)
        for kind, code, share in REACTIONS:
            batches.append(
                self._react(
                    day, kind, code, np.flatnonzero((u >= low) & (u < low + share)), shared, at, person, slot, {}
                )
            )
            low += share
        said = np.flatnonzero((u >= low) & (u < low + self.parameters["commented"]))
        keys = draws.child("words").bits(person[said], day.index, slot[said])
        text = comments(board["content.topic"][piece[said]], keys)
        batches.append(
            self._react(day, "Content Commented", COMMENTED, said, shared, at, person, slot, {"p_text": text})
        )
        return batches

    def _react(
        self,
        day: Day,
        kind: str,
        code: int,
        rows: NDArray[np.int64],
        shared: dict[str, Any],
        at: NDArray[np.int64],
        person: NDArray[np.int32],
        slot: NDArray[np.int64],
        more: dict[str, Any],
    ) -> EventBatch:
        columns = {name: value.gather(rows) for name, value in shared.items() if name != "role_shop"}
        ids = day.pair("live", person[rows], (code << 15) | slot[rows])
        return sheet(kind, ids, at[rows] + 8_000, person[rows], {**columns, **more})

    def _rooms(self, day: Day, texts: Texts, sessions: Sessions) -> list[EventBatch]:
        board, draws = day.board, day.draws("live")
        platform = board["account.platform"][sessions.account]
        chance = self.parameters["rooms"] * board["platform.surface"][platform, LIVE]
        some = draws.child("enter").uniform(sessions.person, day.index, sessions.slot) < chance
        rows = np.flatnonzero(some & (self.host_start[platform + 1] > self.host_start[platform]))
        person, slot = sessions.person[rows], sessions.slot[rows]
        u = draws.child("room").uniform(person, day.index, slot)
        host = _within(self.hosts, np.sqrt(self.followers), self.host_start, platform[rows], u)
        stay = 5.0 + 60.0 * self.parameters["stay"] * draws.child("stay").exponential(person, day.index, slot)
        stay = np.minimum(stay, 1_200.0)
        at = day.start_ms + sessions.at[rows] + 60_000
        room = {
            **self._roles(day, texts, sessions, rows),
            "role_room": texts.room.gather(host),
            "role_creator": texts.creator.gather(host),
        }
        ids = day.pair("live", person, (ENTERED << 15) | slot)
        batches = [sheet("Live Room Entered", ids, at, person, {**room, "p_source": "feed"})]
        batches.append(
            sheet(
                "Live Room Left",
                day.pair("live", person, (LEFT << 15) | slot),
                at + (stay * 1_000).astype(np.int64),
                person,
                {**room, "p_stay_s": np.round(stay, 1)},
            )
        )
        lines = np.minimum(draws.child("lines").poisson(person, day.index, slot, mean=stay / 260.0), LINES)
        row = np.repeat(np.arange(len(rows)), lines)
        turn = np.arange(len(row)) - np.repeat(np.cumsum(lines) - lines, lines)
        where = slot[row] * LINES + turn
        moment = draws.child("line_at").uniform(person[row], day.index, where) * stay[row]
        keys = draws.child("line").bits(person[row], day.index, where)
        text = danmaku(board["creator.niche"][host[row]], keys)
        batches.append(
            sheet(
                "Live Comment Sent",
                day.pair("live", person[row], (SAID << 15) | where),
                at[row] + (moment * 1_000).astype(np.int64),
                person[row],
                {**{name: value.gather(row) for name, value in room.items()}, "p_text": text},
            )
        )
        return batches

    def _roles(self, day: Day, texts: Texts, sessions: Sessions, rows: NDArray[np.int64]) -> dict[str, pl.Series]:
        logged_in = (sessions.flag[rows] & LOGGED_IN) > 0
        roles = whereabouts(day, texts, sessions.account[rows], logged_in)
        return {**roles, "ref_session": digits(session_keys(day, sessions.person[rows], sessions.slot[rows]))}


def _within(
    order: NDArray[np.int64],
    weight: NDArray[np.float64],
    start: NDArray[np.int64],
    group: NDArray[np.uint8],
    u: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return one member of each row's group in proportion to weight; members stand in `order` by group."""
    total = np.cumsum(weight[order])
    before = np.concatenate(([0.0], total))
    low, high = before[start[group]], before[start[group + 1]]
    place = np.searchsorted(total, low + u * (high - low), side="right")
    return np.asarray(order[np.clip(place, start[group], start[group + 1] - 1)])
