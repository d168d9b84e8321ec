"""The analyses as people use them: each kind answers, the URL holds the question, pictures have their table."""

import re
from collections.abc import Callable
from typing import Any

import pytest

KINDS = ("events", "funnel", "retention", "paths", "distribution", "interval", "ltv")


def open_kind(page: Any, kind: str, query: str = "", lang: str = "zh") -> None:
    page.goto(f"/explore/{kind}?{query}")
    page.locator("figure.chart").wait_for()
    if lang == "en":
        page.get_by_text("EN", exact=True).click()
        page.locator("html[lang=en]").wait_for(state="attached")


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_answers_and_is_accessible(
    page: Any, axe: Callable[[Any], None], shot: Callable[..., None], kind: str, lang: str
) -> None:
    open_kind(page, kind, "t=30d&period=week", lang)
    axe(page)
    shot(f"explore-{kind}-{lang}")


def test_the_question_is_in_the_url_and_back_undoes(page: Any) -> None:
    open_kind(page, "events")
    page.get_by_label("看什么").click()
    page.locator(".ant-select-item-option").get_by_text("人数").click()
    page.wait_for_url(re.compile("measure=people"))
    page.go_back()
    page.wait_for_url(lambda url: "measure=" not in url)


def test_funnel_shares_are_of_the_people_before(page: Any) -> None:
    open_kind(page, "funnel")
    page.locator("main").press("t")
    rows = page.locator("main table.twin tbody tr")
    rows.first.wait_for()
    people = [int(row.locator("td").first.inner_text().replace(",", "")) for row in rows.all()]
    assert len(people) >= 2
    assert people == sorted(people, reverse=True)
    assert people[0] > 0
    share = rows.nth(1).locator("td").nth(1).inner_text()
    assert float(share) == pytest.approx(100 * people[1] / people[0], abs=0.051)


def test_a_wrong_question_says_how_to_mend_it(page: Any) -> None:
    page.goto("/explore/events?kind=No+Such+Kind")
    page.get_by_role("alert").get_by_role("button", name="详情").first.click()
    page.get_by_text("No Such Kind").first.wait_for()
