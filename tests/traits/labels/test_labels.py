"""Labels: one way of writing for what profiles say, places that are known, and nothing inferred."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError
from guanxi.traits.labels import (
    CITIES,
    LABELS,
    REGIONS,
    STATED,
    TIERS,
    UNKNOWN,
    age_of,
    age_order,
    age_words,
    city_of,
    find_label,
    job_of,
    label_columns,
    label_words,
    province_of,
    region_of,
    sex_of,
    tier_of,
)


def row(**stated: str) -> dict[str, str]:
    """The labels of one person who stated these."""
    told = pl.DataFrame([{"person": "a", **stated}], {"person": pl.String, **dict.fromkeys(STATED, pl.String)})
    found = label_columns(told).row(0, named=True)
    return {name.removeprefix("label_"): value for name, value in found.items() if name != "person"}


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("26-35岁", "26-35"), ("26 ~ 35", "26-35"), ("25 to 34", "25-34"), ("56岁以上", "56+"),
        ("65+", "65+"), ("60岁及以上", "60+"),
        ("15岁以下", "<15"), ("<18", "<18"), ("33", "25-34"), ("17岁", "<18"), ("90后", "90后"), ("-1", ""), ("0", ""),
        ("未知", ""), ("2*-3*", ""), ("200", ""), ("", ""),
    ],
)  # fmt: skip
def test_bands_of_age_have_one_way_of_writing(text: str, band: str) -> None:
    assert age_of(text) == band


def test_bands_are_sorted_from_the_youngest() -> None:
    bands = ["60+", "25-34", "<18", "18-24", "45-59", "35-44"]
    assert sorted(bands, key=age_order) == ["<18", "18-24", "25-34", "35-44", "45-59", "60+"]
    assert sorted(["80后", "00后", "95后", "60后"], key=age_order) == ["00后", "95后", "80后", "60后"]
    assert [age_words(one)[0] for one in ("<18", "25-34", "60+", "90后")] == [
        "18 岁以下",
        "25-34 岁",
        "60 岁及以上",
        "90后",
    ]


@given(st.text(max_size=60))
def test_whatever_is_said_has_a_name_or_is_unknown(text: str) -> None:
    for label, value in row(age_band=text, gender=text, occupation=text, province=text, city=text).items():
        zh, en = label_words(find_label(label), value)
        assert zh
        assert en
        assert "," not in value


@pytest.mark.parametrize(
    ("text", "sex"), [("女", "female"), (" Male ", "male"), ("F", "female"), ("保密", ""), ("2", "")]
)
def test_sex(text: str, sex: str) -> None:
    assert sex_of(text) == sex


@pytest.mark.parametrize(
    ("text", "city", "province"),
    [
        ("深圳市", "深圳", ""), ("广东省深圳市", "深圳", "广东"), ("广东 深圳", "深圳", "广东"),
        ("吉林省吉林市", "吉林", "吉林"),
        ("北京市朝阳区", "北京", "北京"), ("朝阳", "朝阳", ""), ("延边朝鲜族自治州", "延边", ""),
        ("新疆维吾尔自治区", "", "新疆"),
        ("阿克苏地区", "阿克苏", ""), ("锡林郭勒盟", "锡林郭勒", ""), ("澳门特别行政区", "澳门", "澳门"),
        ("****", "", ""),
        ("三体", "", ""), ("", "", ""),
    ],
)  # fmt: skip
def test_places_that_a_text_names(text: str, city: str, province: str) -> None:
    assert (city_of(text), province_of(text)) == (city, province)


def test_every_city_stands_once_and_every_province_in_one_region() -> None:
    cities = [city for row in CITIES.values() for city in row.split()]
    assert len(cities) == len(set(cities)) > 330
    regions = [province for *_, provinces in REGIONS.values() for province in provinces.split()]
    assert sorted(regions) == sorted(CITIES)
    assert [len(row[2].split()) for row in TIERS.values()] == [4, 15, 30, 0]
    assert {city for *_, named in TIERS.values() for city in named.split()} <= set(cities)
    assert all(city_of(city) == city_of(f"{city}市") == city and region_of("", city) for city in cities)


@pytest.mark.parametrize(
    ("stated", "region", "tier", "city"),
    [
        pytest.param({"city": "苏州市"}, "east", "new1", "苏州", id="city-alone"),
        pytest.param({"province": "四川省"}, "southwest", UNKNOWN, UNKNOWN, id="province-alone"),
        pytest.param({"receiver_city": "临沂市"}, "east", "2", "临沂", id="of-an-order"),
        pytest.param({"city": "绵阳", "receiver_city": "北京市"}, "southwest", "3", "绵阳", id="the-profile-first"),
        pytest.param({"province": "浙江", "city": "义乌市"}, "east", UNKNOWN, "义乌市", id="a-town-as-written"),
        pytest.param({"city": "London", "receiver_city": "上海"}, "east", UNKNOWN, "London", id="abroad"),
        pytest.param({"province": "****", "city": "**"}, UNKNOWN, UNKNOWN, UNKNOWN, id="masked"),
        pytest.param({}, UNKNOWN, UNKNOWN, UNKNOWN, id="nothing"),
    ],
)
def test_places_of_a_person(stated: dict[str, str], region: str, tier: str, city: str) -> None:
    found = row(**stated)
    assert (found["region"], found["tier"], found["city"]) == (region, tier, city)


def test_work_is_as_it_was_written_and_words_that_say_nothing_are_none() -> None:
    assert [job_of(text) for text in (" 教师 ", "设计,插画", "未知", "张*", "")] == ["教师", "设计、插画", "", "", ""]
    assert tier_of("") == ""


def test_a_label_that_is_none() -> None:
    with pytest.raises(DataError, match="Use one of age, gender, region, tier, city, job"):
        find_label("wealth")
    assert all(label.definition_zh and label.definition_en for label in LABELS)


def test_the_ages_of_real_households_are_all_read(data_file: Callable[[str], Path]) -> None:
    """The Complete Journey states the age of 801 households; every one bears its band, in the file's shares."""
    stated = pl.read_parquet(data_file("complete_journey/demographics.parquet"))["age"].cast(pl.String)
    told = pl.DataFrame({"person": [str(place) for place in range(len(stated))], "age_band": stated})
    rows = label_columns(told.with_columns(pl.lit(None, pl.String).alias(one) for one in STATED if one != "age_band"))
    counts = dict(rows["label_age"].value_counts().iter_rows())
    assert counts == dict(stated.value_counts().iter_rows())
    assert sorted(counts, key=age_order) == ["19-24", "25-34", "35-44", "45-54", "55-64", "65+"]
    assert sum(counts.values()) == 801
    assert set(rows["label_region"]) == {UNKNOWN}
