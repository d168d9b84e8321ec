"""The page docs/town.md says what the rows say."""

from pathlib import Path

from guanxi.world.founding import BASE

PAGE = Path(__file__).parents[2] / "docs" / "town.md"


def test_the_table_of_parameters_is_that_of_the_specs() -> None:
    rows = ["| mechanism | parameter | range | unit | meaning | basis |", "|---|---|---|---|---|---|"]
    rows += [
        f"| `{part.spec.name}` | {row.name} | {row.low:g} – {row.high:g} | {row.unit} | {row.meaning} | {row.basis} |"
        for part in BASE
        for row in part.spec.ranges
    ]
    text = PAGE.read_text("utf-8")
    held = text.split("<!-- parameters -->\n")[1].split("\n<!-- end -->")[0]
    assert held == "\n".join(rows), "Copy the rows above into docs/town.md"


def test_every_base_mechanism_is_described() -> None:
    text = PAGE.read_text("utf-8")
    for part in BASE:
        assert f"`{part.spec.name}`" in text
