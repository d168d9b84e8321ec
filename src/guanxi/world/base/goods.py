"""Goods: thirteen lines of business in 24 categories, their items, prices and what goes with what.

| column | unit | source |
|---|---|---|
| category.line u8[C] | place in line.names | |
| category.gap_days f32[C] | median days between purchases of the same product; over all 27 d | [D] |
| category.gap_cv f32[C] | coefficient of variation of that gap: .82 | [D pairs bought on 7+ days] |
| category.lasting u8[C] | 1 a durable, bought again by need and not by cycle | [G] |
| category.appeal f32[8,C] | log-odds by life stage | [G] |
| category.item_start i32[C+1] | CSR: items stand by category | |
| item.category u8[m], item.line u8, item.brand i16 | a category has 12 brands | |
| item.price i32, item.cost i32 | fen; ln price sd 1.0 over the catalogue | [G] |
| item.weight f32 | popularity, Zipf .9 in random order, sums to 1 | [G] |
| item.taste f16[m,16], item.quality f32 | standard normal; a taste has a category, a brand and an own part | [G] |
| item.stock i32 | pieces on day 0: about six weeks of expected sales, at least 5 | [G] |
| item.born i16 | day it was listed; 1 in 20 later than day 0 | [G] |
| link.{complement,substitute,accessory,next}_start i32[m+1] | items in CSR | [G] |
| link.{complement,substitute,accessory,next} i32 | bought with it, instead, for it, weeks after it | [G] |
Notes: category.names, category.titles, line.names, line.titles (Chinese).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from guanxi.core import SettingError
from guanxi.world.board import Board
from guanxi.world.draws import Draws

LINES: Final = (
    ("general", "百货"), ("beauty", "美妆"), ("baby", "母婴"), ("grocery", "社区团购"), ("appliance", "家电"),
    ("car", "汽车"), ("education", "教育"), ("game", "游戏"), ("lending", "借贷"), ("outdoor", "户外旅行"),
    ("cafe", "咖啡"), ("clinic", "健康"), ("second_hand", "二手"),
)  # fmt: skip

#: id, title, line, median price (yuan), gap (days), lasting, share of items,
#: appeal by stage: student single couple expecting baby school empty-nest retired
CATEGORIES: Final = (
    ("household", "家清纸品", "general", 32, 36, 0, 7, (-0.6, -0.2, 0.2, 0.3, 0.5, 0.4, 0.4, 0.3)),
    ("snack", "休闲零食", "general", 26, 27, 0, 8, (0.7, 0.5, 0.3, 0.1, 0.2, 0.4, -0.2, -0.3)),
    ("apparel", "服饰鞋包", "general", 118, 48, 0, 10, (0.6, 0.6, 0.4, 0.1, 0.0, 0.1, 0.0, -0.5)),
    ("skincare", "护肤", "beauty", 138, 46, 0, 6, (0.2, 0.7, 0.5, 0.2, 0.1, 0.2, 0.1, -0.8)),
    ("makeup", "彩妆", "beauty", 92, 55, 0, 5, (0.6, 0.7, 0.3, -0.8, -0.5, -0.3, -0.4, -1.8)),
    ("diaper", "纸尿裤", "baby", 98, 25, 0, 3, (-4.0, -4.0, -2.6, 0.9, 3.2, -0.6, -2.8, -1.6)),
    ("formula", "奶粉辅食", "baby", 168, 28, 0, 3, (-4.0, -4.0, -2.4, 0.5, 2.9, -0.1, -2.6, -1.2)),
    ("toy", "玩具绘本", "baby", 66, 52, 0, 4, (-1.2, -1.6, -1.2, 0.0, 1.6, 1.7, -0.8, 0.2)),
    ("fruit", "水果生鲜", "grocery", 28, 19, 0, 7, (-0.9, -0.2, 0.3, 0.6, 0.6, 0.6, 0.5, 0.5)),
    ("staple", "粮油调味", "grocery", 42, 34, 0, 5, (-1.8, -0.6, 0.3, 0.4, 0.6, 0.6, 0.6, 0.7)),
    ("dairy", "乳品饮料", "grocery", 48, 25, 0, 5, (0.2, 0.2, 0.2, 0.4, 0.6, 0.7, 0.2, 0.3)),
    ("kitchen", "厨房小电", "appliance", 178, 320, 1, 4, (-0.8, 0.1, 0.7, 0.5, 0.6, 0.4, 0.3, 0.0)),
    ("cleaner", "清洁电器", "appliance", 620, 700, 1, 3, (-2.0, -0.2, 0.7, 0.4, 0.6, 0.4, 0.2, -0.5)),
    ("digital", "手机数码", "appliance", 240, 240, 1, 6, (0.7, 0.5, 0.3, 0.0, -0.1, 0.1, -0.1, -0.8)),
    ("car", "汽车用品", "car", 108, 90, 0, 3, (-2.4, -0.2, 0.5, 0.5, 0.5, 0.7, 0.4, -1.0)),
    ("course", "在线课程", "education", 168, 110, 0, 3, (0.9, 0.4, 0.1, 0.0, -0.1, 0.8, -0.8, -0.9)),
    ("game", "游戏充值", "game", 46, 25, 0, 3, (1.3, 0.8, 0.2, -0.5, -0.5, -0.2, -1.0, -2.2)),
    ("loan", "借款服务", "lending", 60, 45, 0, 1, (-3.0, 0.3, 0.2, 0.1, 0.3, 0.3, -0.3, -2.0)),
    ("outdoor", "户外装备", "outdoor", 198, 120, 1, 4, (0.3, 0.6, 0.5, -1.2, -0.6, 0.2, 0.3, -0.4)),
    ("travel", "旅行度假", "outdoor", 480, 95, 0, 3, (0.2, 0.5, 0.6, -0.8, -0.8, 0.3, 0.5, 0.5)),
    ("coffee", "咖啡茶饮", "cafe", 22, 10, 0, 3, (0.8, 0.9, 0.5, -0.9, 0.0, 0.0, -0.6, -2.0)),
    ("supplement", "营养保健", "clinic", 128, 36, 0, 3, (-1.4, -0.4, 0.0, 0.7, 0.3, 0.2, 0.8, 1.5)),
    ("checkup", "体检口腔", "clinic", 320, 260, 0, 2, (-1.4, -0.2, 0.1, 0.6, 0.2, 0.3, 0.6, 0.9)),
    ("used", "二手闲置", "second_hand", 150, 80, 1, 3, (1.0, 0.6, 0.1, -0.1, 0.3, 0.0, -0.7, -1.6)),
)  # fmt: skip
BRANDS: Final = 12  # a category
TASTES: Final = 16

_COMPLEMENT: Final = {  # category -> bought in the same basket
    "household": ("staple", "snack"), "snack": ("dairy", "fruit"), "apparel": ("apparel", "makeup"),
    "skincare": ("makeup", "skincare"), "makeup": ("skincare", "apparel"), "diaper": ("formula", "household"),
    "formula": ("diaper", "toy"), "toy": ("snack", "apparel"), "fruit": ("dairy", "staple"),
    "staple": ("fruit", "household"), "dairy": ("snack", "fruit"), "kitchen": ("staple", "household"),
    "cleaner": ("household",), "digital": ("digital", "game"), "car": ("car", "snack"), "course": ("digital",),
    "game": ("snack", "digital"), "loan": (), "outdoor": ("outdoor", "travel"), "travel": ("outdoor", "apparel"),
    "coffee": ("snack", "coffee"), "supplement": ("dairy", "staple"), "checkup": ("supplement",),
    "used": ("digital", "outdoor"),
}  # fmt: skip
_ACCESSORY: Final = {  # what a durable asks for at once
    "kitchen": ("household", "kitchen"), "cleaner": ("cleaner", "household"), "digital": ("digital",),
    "outdoor": ("outdoor",), "used": ("digital",), "car": ("car",), "apparel": ("apparel",),
}  # fmt: skip
_NEXT: Final = {  # what the same need asks for weeks later
    "outdoor": ("digital", "travel"), "travel": ("outdoor", "digital"), "diaper": ("toy", "formula"),
    "formula": ("toy", "dairy"), "kitchen": ("cleaner", "staple"), "cleaner": ("kitchen",),
    "course": ("digital", "course"), "checkup": ("supplement",), "supplement": ("checkup",),
    "makeup": ("apparel",), "skincare": ("makeup",), "toy": ("course",), "car": ("travel",), "digital": ("game",),
    "apparel": ("travel",), "used": ("outdoor",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goods:
    """Plants categories and as many items as the board counts."""

    name: str = "goods"
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = (
        "category.line", "category.gap_days", "category.gap_cv", "category.lasting", "category.appeal",
        "category.item_start", "category.names", "category.titles", "line.names", "line.titles", "item.category",
        "item.line", "item.brand", "item.price", "item.cost", "item.weight", "item.taste", "item.quality", "item.stock",
        "item.born", "link.complement_start", "link.complement", "link.substitute_start", "link.substitute",
        "link.accessory_start", "link.accessory", "link.next_start", "link.next",
    )  # fmt: skip

    def plant(self, board: Board, draw: Draws) -> None:
        """Add the columns above."""
        names, titles, line, median, gap, lasting, share, appeal = zip(*CATEGORIES, strict=True)
        lines = [name for name, _ in LINES]
        board.note(self.name, "category.names", names)
        board.note(self.name, "category.titles", titles)
        board.note(self.name, "line.names", lines)
        board.note(self.name, "line.titles", [title for _, title in LINES])
        board.size("categories", len(names))
        board.size("brands", BRANDS * len(names))
        line_of = np.array([lines.index(name) for name in line], np.uint8)
        board.add(self.name, "category.line", line_of)
        board.add(self.name, "category.gap_days", np.array(gap, np.float32))
        board.add(self.name, "category.gap_cv", np.full(len(names), 0.82, np.float32))
        board.add(self.name, "category.lasting", np.array(lasting, np.uint8))
        board.add(self.name, "category.appeal", np.array(appeal, np.float32).T)
        start = _shares(board.count("items"), np.array(share, np.float64))
        category = np.repeat(np.arange(len(names)), np.diff(start))
        board.add(self.name, "category.item_start", start.astype(np.int32))
        board.add(self.name, "item.category", category.astype(np.uint8))
        board.add(self.name, "item.line", line_of[category])
        weight = self._items(board, draw, category, np.array(median, np.float64))
        _links(board, draw, category, start, weight)

    def _items(self, board: Board, draw: Draws, category: NDArray[np.int64], median: NDArray[np.float64]
               ) -> NDArray[np.float64]:  # fmt: skip
        item = np.arange(len(category))
        # A brand's share of a category's items falls as 1 / rank; dearer brands stand apart by their own level.
        brand = category * BRANDS + draw.child("brand").choice(1 / np.arange(1, BRANDS + 1), item)
        level = 0.25 * draw.child("level").normal(brand)
        price = median[category] * np.exp(level + 0.52 * draw.child("price").normal(item))
        fen = _shelf_price(price)
        rank = np.argsort(draw.permutation(len(item))) + 1.0
        weight: NDArray[np.float64] = np.power(rank, -0.9)
        weight /= weight.sum()
        margin = np.clip(0.62 + 0.1 * draw.child("cost").normal(item), 0.3, 0.92)
        sold = weight * board.count("people") * 0.07 * 42  # orders a person-day x six weeks
        slack = np.exp(0.5 * draw.child("stock").normal(item))
        late = draw.child("born").uniform(item)
        born = np.where(late < 0.05, np.ceil(late / 0.05 * board.count("days")), -1 - np.floor(late * 700))
        board.add(self.name, "item.brand", brand.astype(np.int16))
        board.add(self.name, "item.price", fen.astype(np.int32))
        board.add(self.name, "item.cost", np.maximum(1, fen * margin).astype(np.int32))
        board.add(self.name, "item.weight", weight.astype(np.float32))
        board.add(self.name, "item.quality", draw.child("quality").normal(item).astype(np.float32))
        board.add(self.name, "item.stock", (5 + sold * slack).astype(np.int32))
        board.add(self.name, "item.born", born.astype(np.int16))
        axis = np.arange(TASTES)[None, :]
        kinds, makes, own = (draw.child(f"taste/{of}") for of in ("category", "brand", "item"))
        taste = np.sqrt(0.35) * kinds.normal(category[:, None], slot=axis)
        taste += np.sqrt(0.2) * makes.normal(brand[:, None], slot=axis)
        taste += np.sqrt(0.45) * own.normal(item[:, None], slot=axis)
        board.add(self.name, "item.taste", taste.astype(np.float16))
        return weight


def _shares(items: int, share: NDArray[np.float64]) -> NDArray[np.int64]:
    if items < len(share):
        raise SettingError(f"{items} items do not fill {len(share)} categories", f"Plant at least {len(share)} items")
    more = np.concatenate(([0.0], share.cumsum() / share.sum())) * (items - len(share))
    start: NDArray[np.int64] = np.arange(len(share) + 1) + np.rint(more).astype(np.int64)  # one each, then by share
    return start


def _shelf_price(yuan: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return fen as shops write prices: 9.9, 39.9, 129, 1,299."""
    step = np.select([yuan < 60, yuan < 300, yuan < 2000], [1.0, 10.0, 10.0], 100.0)
    whole = np.maximum(np.rint(yuan / step), 1) * step
    fen: NDArray[np.int64] = np.rint(np.where(yuan < 60, whole - 0.1, whole - 1) * 100).astype(np.int64)
    return fen


def _links(board: Board, draw: Draws, category: NDArray[np.int64], start: NDArray[np.int64],
           weight: NDArray[np.float64]) -> None:  # fmt: skip
    names = [row[0] for row in CATEGORIES]
    total = np.concatenate(([0.0], weight.cumsum()))
    for kind, table, count in (("complement", _COMPLEMENT, 4), ("accessory", _ACCESSORY, 2), ("next", _NEXT, 3)):
        pools = [[names.index(other) for other in table.get(name, ())] for name in names]
        links, degree = _picks(draw.child(kind), category, start, total, pools, count)
        _add_links(board, kind, links, degree)
    # A substitute is of the same category and stands next to it in price.
    price = board["item.price"]
    order = np.lexsort((price, category))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    near = place[:, None] + np.array([-2, -1, 1, 2])[None, :]
    inside = (near >= start[category][:, None]) & (near < start[category + 1][:, None])
    _add_links(board, "substitute", order[near[inside]], inside.sum(axis=1))


def _picks(draw: Draws, category: NDArray[np.int64], start: NDArray[np.int64], total: NDArray[np.float64],
           pools: list[list[int]], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    size = np.array([len(pool) for pool in pools])
    table = np.array([[*pool, *[0] * (int(size.max()) - len(pool))] for pool in pools])
    has = np.flatnonzero(size[category] > 0)
    item, slot = np.repeat(has, count), np.tile(np.arange(count), len(has))
    into = table[category[item], draw.integers(item, slot=slot, high=size[category[item]])]
    low, high = total[start[into]], total[start[into + 1]]
    found = np.searchsorted(total, low + draw.uniform(item, 1, slot) * (high - low), side="right") - 1
    found = np.clip(found, start[into], start[into + 1] - 1)
    pairs = np.unique(np.stack([item, found], axis=1)[(found != item) & (start[into] < start[into + 1])], axis=0)
    return pairs[:, 1], np.bincount(pairs[:, 0], minlength=len(category))


def _add_links(board: Board, kind: str, links: NDArray[np.int64], degree: NDArray[np.int64]) -> None:
    board.add("goods", f"link.{kind}_start", np.concatenate(([0], degree.cumsum())).astype(np.int32))
    board.add("goods", f"link.{kind}", links.astype(np.int32))
