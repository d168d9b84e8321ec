"""The bench of journeys, with few people: everybody is where they should be."""

from pathlib import Path

from guanxi.bench import journeys


def test_everybody_is_where_they_should_be(tmp_path: Path) -> None:
    figures = {one.name: one for one in journeys.run(tmp_path, people=400, waiting=300)}
    assert (figures["wrong"].value, figures["people_moved"].value) == (0, 400)
