"""A date of birth leaves a band of age in the log, and nothing else; both doors agree."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.core import DataError, midnight_ms
from guanxi.events import AGE_BANDS, Event, Intake, RawEvent, age_band, band_of_birthday, seal_columns, shipped

TODAY = midnight_ms(date(2026, 3, 1))
PROFILE = shipped()["Profile Updated"]


class Tokens:
    """Seals by naming the field."""

    def seal(self, person: str, field: str, value: str) -> str:
        return f"vt_{field}"

    def surrogate(self, role: str, key: str) -> str:
        return f"{role}~{len(key)}"


@pytest.mark.parametrize(
    ("birthday", "band"),
    [
        pytest.param("1991-03-01", "35-44", id="on-the-day"),
        pytest.param("1991-03-02", "25-34", id="a-day-before-it"),
        pytest.param("19910302", "25-34", id="without-marks"),
        pytest.param("1991/3/2", "25-34", id="slashes"),
        pytest.param("1991年3月2日", "25-34", id="chinese"),
        pytest.param("1991-03-02T00:00:00Z", "25-34", id="with-a-time"),
        pytest.param("2008-03-01", "18-24", id="of-age-today"),
        pytest.param("2008-03-02", "<18", id="a-minor-until-tomorrow"),
        pytest.param("1966", "45-59", id="a-year-alone-is-its-youngest-age"),
        pytest.param("1965", "60+", id="sixty-whatever-the-day"),
        pytest.param("1988-**-**", "", id="masked"),
        pytest.param("03-02", "", id="no-year"),
        pytest.param("1991-02-30", "", id="no-such-day"),
        pytest.param("2030-01-01", "", id="not-born-yet"),
        pytest.param("1900-01-01", "60+", id="very-old"),
        pytest.param("王小芳", "", id="words"),
    ],
)
def test_the_band_of_a_birthday(birthday: str, band: str) -> None:
    assert band_of_birthday(birthday, TODAY) == band


def test_bands_cover_every_age() -> None:
    bands = [age_band(age) for age in range(120)]
    assert list(dict.fromkeys(bands)) == list(AGE_BANDS.values())
    with pytest.raises(DataError):
        age_band(-1)


@given(st.text(max_size=30))
def test_whatever_is_said_is_a_band_or_nothing(text: str) -> None:
    assert band_of_birthday(text, TODAY) in ("", *AGE_BANDS.values())


@pytest.mark.parametrize(
    ("told", "band"),
    [
        pytest.param({"birthday": "1991-03-02"}, "25-34", id="birthday"),
        pytest.param({"birthday": "1991-03-02", "age_band": "26-35"}, "26-35", id="what-was-stated-stands"),
        pytest.param({"birthday": "****"}, None, id="masked"),
        pytest.param({"gender": "女"}, None, id="none"),
    ],
)
def test_both_doors_keep_the_band_and_seal_the_day(told: dict[str, Any], band: str | None) -> None:
    raw = RawEvent(kind="Profile Updated", at=TODAY, roles={"actor": "account:app:1"}, platform="app", properties=told)
    event = Intake(shipped(), ["app"], Tokens()).check(raw, "server", received_ms=TODAY, source="test")
    assert isinstance(event, Event)
    assert event.properties.get("age_band") == band
    frame = pl.DataFrame(
        {"at_ms": [TODAY], "role_actor": ["account:app:1"], **{f"p_{n}": [v] for n, v in told.items()}}
    )
    sealed = seal_columns(PROFILE, frame, Tokens())
    assert (sealed["p_age_band"][0] if "p_age_band" in sealed.columns else None) == band
    if "birthday" in told:
        assert event.properties["birthday"] == sealed["p_birthday"][0] == "vt_birthday"
