"""Labels of people (人群标签): the classic rows of age, sex, region and work, each with its definition."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from guanxi.core import DataError
from guanxi.traits.labels.regions import REGIONS, TIERS, city_of, province_of, region_of, tier_of
from guanxi.traits.labels.values import UNKNOWN, age_of, age_order, age_words, job_of, sex_of

#: What labels are read from: properties of a profile, and of an order where a profile says nothing of the place.
STATED: Final = ("age_band", "gender", "occupation", "province", "city", "receiver_province", "receiver_city")
_PLACE: Final = STATED[3:]
_SEXES: Final = {"female": ("女", "Women"), "male": ("男", "Men")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label: what it says of a person, from what, in words.

    words  value -> its Chinese and English name
    order  value -> what the values are sorted by; None: the most people first
    """

    id: str
    zh: str
    en: str
    definition_zh: str
    definition_en: str
    words: Callable[[str], tuple[str, str]]
    order: Callable[[str], tuple[int, str]] | None = None


def _as_told(value: str) -> tuple[str, str]:
    return value, value


_REST_ZH: Final = "没说过的、遮盖的算未知，不推测。"
_REST_EN: Final = "What nobody said, or what is masked, is unknown: nothing is inferred."

LABELS: Final[tuple[Label, ...]] = (
    Label(
        id="age", zh="年龄", en="Age", words=age_words, order=age_order,
        definition_zh=f"资料里最近一次填写的年龄段；只填生日的，入库时按当天算成年龄段，生日本身加密保管。{_REST_ZH}",
        definition_en="The band of age that a profile stated last; of a birthday the band on the day it came in, the"
        f" birthday itself stays sealed. {_REST_EN}",
    ),
    Label(
        id="gender", zh="性别", en="Sex", words=_SEXES.__getitem__,
        definition_zh=f"资料里最近一次填写的性别。{_REST_ZH}",
        definition_en=f"The sex that a profile stated last. {_REST_EN}",
    ),
    Label(
        id="region", zh="地区", en="Region", words=lambda value: REGIONS[value][:2],
        definition_zh=f"资料里的省份或城市所在的大区；资料没写的，看最近一单的收货地。{_REST_ZH}",
        definition_en="The part of the country of the province or city in the profile, else of the last order's"
        f" address. {_REST_EN}",
    ),
    Label(
        id="tier", zh="城市级别", en="City tier", words=lambda value: TIERS[value][:2],
        order=lambda value: (list(TIERS).index(value), value),
        definition_zh=f"所在城市的级别，按第一财经新一线城市研究所 2023 年名单，其余地级市算三线及以下。{_REST_ZH}",
        definition_en="The tier of the city by the list of YiCai's Rising Lab, 2023; other cities of prefecture rank"
        f" are tier 3 and below. {_REST_EN}",
    ),
    Label(
        id="city", zh="城市", en="City", words=_as_told,
        definition_zh=f"资料里最近一次填写的城市；资料没写的，看最近一单的收货城市。{_REST_ZH}",
        definition_en=f"The city that a profile stated last, else that of the last order's address. {_REST_EN}",
    ),
    Label(
        id="job", zh="职业", en="Work", words=_as_told,
        definition_zh=f"资料里最近一次填写的职业，照原文。{_REST_ZH}",
        definition_en=f"The occupation that a profile stated last, as it was written. {_REST_EN}",
    ),
)  # fmt: skip


def find_label(name: str) -> Label:
    """Return the label of a name; raises DataError with what is allowed."""
    found = next((row for row in LABELS if row.id == name), None)
    if found is None:
        allowed = ", ".join(row.id for row in LABELS)
        raise DataError(f"no label is called {name[:40]!r}", f"Use one of {allowed}, as age:25-34", "label")
    return found


def label_words(label: Label, value: str) -> tuple[str, str]:
    """Return the Chinese and English name of a label's value."""
    return ("未知", "Unknown") if value == UNKNOWN else label.words(value)


def label_columns(told: pl.DataFrame) -> pl.DataFrame:
    """Return person and a column label_<id> for each label, "unknown" where nothing was said.

    told  person and the columns STATED, text or null; one row a person
    """
    places = told.select(_PLACE).unique().fill_null("")
    found = [_place(*row) for row in places.iter_rows()]
    placed = places.with_columns(
        pl.Series(f"label_{name}", [row[k] or UNKNOWN for row in found], pl.String)
        for k, name in enumerate(("region", "tier", "city"))
    )
    rows = told.with_columns(pl.col(_PLACE).fill_null("")).join(placed.unique(), on=_PLACE, how="left")
    read = (("age", "age_band", age_of), ("gender", "gender", sex_of), ("job", "occupation", job_of))
    texts = [_mapped(rows[column], of).alias(f"label_{name}") for name, column, of in read]
    return rows.with_columns(texts).select("person", *(f"label_{row.id}" for row in LABELS))


def _mapped(column: pl.Series, read: Callable[[str], str]) -> pl.Series:
    texts = column.drop_nulls().unique().to_list()
    values = {text: read(text) or UNKNOWN for text in texts}
    return column.replace_strict(values, default=UNKNOWN, return_dtype=pl.String).fill_null(UNKNOWN)


def _place(province: str, city: str, receiver_province: str, receiver_city: str) -> tuple[str, str, str]:
    """Region, tier and city of what a profile says, else of what an order says."""
    named, bought = city_of(city), city_of(receiver_city)
    region = region_of(province_of(province) or province_of(city), named) or region_of(
        province_of(receiver_province) or province_of(receiver_city), bought
    )
    told = job_of(city)  # a town below prefecture rank, or abroad, stands as it was written
    return region, tier_of(named or ("" if told else bought)), named or told or bought or job_of(receiver_city)
