"""The one table of platforms: their ids, names and one-character discs."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from guanxi.core import SettingError

PLATFORM_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,30}\Z")


class Platform(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place where the business meets people; itself a party `platform::<id>`.

    id       lower-case letters, digits, underscores, a letter first: the scope of party references
             and the value of `Event.platform`
    zh, en   labels; `en` is the id itself when left out
    disc     the one character that stands for it in pictures; the first of `zh` when left out
    own      True: the business runs it (app, shop, site), so its keys are ours
    raises   SettingError when the id or the disc is not in that form
    """

    id: str
    zh: str
    en: str = ""
    disc: str = ""
    own: bool = False

    def __post_init__(self) -> None:
        if not PLATFORM_ID.match(self.id):
            raise SettingError(
                f"{self.id[:40]!r} cannot be a platform id",
                "Use lower-case letters, digits and underscores, at most 31, a letter first",
                "id",
            )
        if not self.zh:
            raise SettingError(f"the platform {self.id!r} has no Chinese name", "Give it `zh`", "zh")
        if len(self.disc) > 1:
            raise SettingError(f"the disc of {self.id!r} is {self.disc[:10]!r}", "Use one character", "disc")
        if not self.en:
            msgspec.structs.force_setattr(self, "en", self.id)
        if not self.disc:
            msgspec.structs.force_setattr(self, "disc", self.zh[0])

    @property
    def ref(self) -> str:
        """The party reference of the platform itself."""
        return f"platform::{self.id}"


PLATFORMS: Final[tuple[Platform, ...]] = (
    Platform(id="douyin", zh="抖音", en="Douyin", disc="抖"),
    Platform(id="kuaishou", zh="快手", en="Kuaishou", disc="快"),
    Platform(id="xiaohongshu", zh="小红书", en="Xiaohongshu", disc="书"),
    Platform(id="bilibili", zh="哔哩哔哩", en="Bilibili", disc="B"),
    Platform(id="zhihu", zh="知乎", en="Zhihu", disc="知"),
    Platform(id="weibo", zh="微博", en="Weibo", disc="博"),
    Platform(id="wechat", zh="微信", en="WeChat", disc="微"),
    Platform(id="channels", zh="视频号", en="WeChat Channels", disc="视"),
    Platform(id="taobao", zh="淘宝天猫", en="Taobao and Tmall", disc="淘"),
    Platform(id="jd", zh="京东", en="JD", disc="东"),
    Platform(id="pinduoduo", zh="拼多多", en="Pinduoduo", disc="拼"),
    Platform(id="app", zh="自有应用", en="Own app", disc="应", own=True),
    Platform(id="store", zh="自有门店", en="Own store", disc="店", own=True),
    Platform(id="youzan", zh="有赞", en="Youzan shop", disc="赞", own=True),
    Platform(id="web", zh="自有网站", en="Own site", disc="网", own=True),
)


def platforms(extra: Iterable[Platform] = ()) -> dict[str, Platform]:
    """Return id -> platform: the shipped rows, then those that a workspace adds.

    raises  SettingError when an id or a disc is already taken
    """
    table: dict[str, Platform] = {}
    discs: dict[str, str] = {}
    for row in (*PLATFORMS, *extra):
        if row.id in table:
            raise SettingError(f"the platform {row.id!r} is there already", "Remove the row or rename it", "id")
        if row.disc in discs:
            raise SettingError(
                f"the disc {row.disc!r} of {row.id!r} already stands for {discs[row.disc]!r}",
                "Give it another `disc`",
                "disc",
            )
        table[row.id] = row
        discs[row.disc] = row.id
    return table
