"""Foreign worlds: the folder form, and the readers on the files as published."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from guanxi.core import DataError, NotFound, Refused, SettingError
from guanxi.decisions import Decision, Decisions
from guanxi.events import EventBatch
from guanxi.world import Card, Effect, ForeignWorld, Truths, causal_ihdp, hillstrom_email
from guanxi.world.foreign import batch_of

DATA = Path(os.environ.get("GUANXI_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
T = 1_700_000_000_000
CARD = Card(author="nobody", licence="none stated", true='all "of it"', unknown="nothing")
TRUTHS = Truths.of_effects([
    Effect(name="e", estimand="ate", outcome="y", population="all", since=T, window=1, people=2, value=0.5, error=0.1,
           by="experiment")
])  # fmt: skip


def world() -> ForeignWorld:
    views = batch_of("Session Started", "x", at_ms=[T + 86_400_000, T], role_actor=["account:app:a", "account:app:b"])
    orders = batch_of("Order Created", "x", at_ms=[T + 5], role_actor=["account:app:b"], ref_order=["1"], amount=[900])
    return ForeignWorld(CARD, [views, orders], TRUTHS)


def text(batches: Any) -> list[tuple[str, list[Any]]]:
    return [(one.kind, one.frame.select(sorted(one.frame.columns)).rows()) for one in batches]


def test_a_folder_gives_the_world_that_wrote_it(tmp_path: Path) -> None:
    world().write(tmp_path / "w")
    again = ForeignWorld.read(tmp_path / "w")
    assert (again.card, again.now_ms) == (CARD, world().now_ms)
    assert text(again.step(T + 10**9)) == text(world().step(T + 10**9))
    assert again.truth().effects.equals(TRUTHS.effects)


def test_steps_join_to_the_whole_and_a_fork_replays_apart() -> None:
    one, whole = world(), world()
    other = one.fork()
    first, second = text(one.step(T + 5)), text(one.step(T + 10**9))
    rows = {kind: [*dict(first).get(kind, []), *dict(second).get(kind, [])] for kind in {**dict(first), **dict(second)}}
    assert rows == dict(text(whole.step(T + 10**9))) == dict(text(other.step(T + 10**9)))
    assert [kind for kind, _ in first] == ["Session Started"]
    with pytest.raises(SettingError, match="stands at"):
        one.step(T)


def test_what_happened_takes_no_decision() -> None:
    told = Decision.made(at_ms=T, kind="slate", party="account:app:a", chosen=("i",), alternatives=("i",), policy="p",
                         propensity=1.0)  # fmt: skip
    with pytest.raises(Refused, match="only replays") as refused:
        world().step(T + 1, told=Decisions.from_rows([told]))
    assert refused.value.mend
    with pytest.raises(Refused, match="taken out"):
        world().fork(without="stall")


@pytest.mark.parametrize("missing", ["events.parquet", "truth", "card.toml"])
def test_a_folder_without_a_part(tmp_path: Path, missing: str) -> None:
    world().write(tmp_path / "w")
    (tmp_path / "w" / missing).rename(tmp_path / "away")
    with pytest.raises(NotFound, match=missing):
        ForeignWorld.read(tmp_path / "w")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        pytest.param("card.toml", b"author = 'x'\n", "card.toml", id="half-a-card"),
        pytest.param("card.toml", b"[[", "card.toml", id="no-toml"),
        pytest.param("events.parquet", b"PAR0", "events.parquet", id="no-parquet"),
        pytest.param("truth/effects.parquet", b"PAR0", "effects.parquet", id="no-truth"),
    ],
)
def test_a_folder_with_a_damaged_part(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    world().write(tmp_path / "w")
    (tmp_path / "w" / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        ForeignWorld.read(tmp_path / "w")


def test_unlawful_events_are_refused(tmp_path: Path) -> None:
    good = batch_of("Session Started", "x", at_ms=[T], role_actor=["account:app:a"])
    with pytest.raises(DataError, match="role"):
        ForeignWorld(CARD, [EventBatch(good.kind, good.frame.drop("role_actor"))], TRUTHS)
    with pytest.raises(DataError, match="two events"):
        ForeignWorld(CARD, [good, EventBatch("Order Created", good.frame.with_columns(ref_order=pl.lit("1")))], TRUTHS)
    world().write(tmp_path / "w")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "w" / "events.parquet")
    with pytest.raises(DataError, match="no column 'kind'"):
        ForeignWorld.read(tmp_path / "w")


ihdp = pytest.mark.skipif(not (DATA / "causal_ihdp").exists(), reason="causal_ihdp is not among the data sets")
hillstrom = pytest.mark.skipif(not (DATA / "hillstrom_email").exists(), reason="hillstrom_email is not there")


@ihdp
@pytest.mark.parametrize("replicate", [1, 10])
def test_ihdp_says_what_its_means_say(replicate: int) -> None:
    data = pl.read_csv(DATA / "causal_ihdp" / f"ihdp_npci_{replicate}.csv", has_header=False).to_numpy()
    found = causal_ihdp(DATA / "causal_ihdp", replicate)
    lift = data[:, 4] - data[:, 3]
    truths = found.truth()
    assert truths.effect("treatment", "ate", outcome="y", window=1).value == pytest.approx(lift.mean())
    att = truths.effect("treatment", "att", outcome="y", window=1)
    assert (att.value, att.people) == (pytest.approx(lift[data[:, 0] == 1].mean()), 139)
    assert truths.effects.filter(estimand="cate")["value"].to_numpy() == pytest.approx(lift)
    events = {one.kind: one.frame for one in found.step(2**41)}
    assert {kind: frame.height for kind, frame in events.items()} == {
        "Label Recorded": 747 * 26, "Campaign Targeted": 139,
    }  # fmt: skip
    treated = set(events["Campaign Targeted"]["role_actor"])
    y = events["Label Recorded"].filter(p_label="y")
    naive = y.group_by(pl.col("role_object").is_in(list(treated))).agg(pl.col("p_score").mean()).sort("role_object")
    want = data[data[:, 0] == 1, 1].mean() - data[data[:, 0] == 0, 1].mean()
    assert naive["p_score"].diff()[1] == pytest.approx(want)


@ihdp
def test_ihdp_has_ten_replicates(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="replicate 11"):
        causal_ihdp(DATA / "causal_ihdp", 11)
    with pytest.raises(NotFound, match=r"ihdp_npci_1\.csv"):
        causal_ihdp(tmp_path)
    (tmp_path / "ihdp_npci_1.csv").write_text("1,2\n")
    with pytest.raises(DataError, match=r"ihdp_npci_1\.csv"):
        causal_ihdp(tmp_path)


@hillstrom
def test_hillstrom_says_what_its_arms_say(tmp_path: Path) -> None:
    found = hillstrom_email(DATA / "hillstrom_email")
    visit = found.truth().effect("e-mail mens", "ate", outcome="visit", window=14)
    assert (visit.value, visit.error) == (pytest.approx(0.183 - 0.106, abs=6e-4), pytest.approx(0.0034, abs=1e-4))
    womens = found.truth().effect("e-mail womens", "ate", outcome="visit", window=14)
    assert womens.value == pytest.approx(0.151 - 0.106, abs=6e-4)
    events = {one.kind: one.frame for one in found.step(2**41)}
    counts = {kind: frame.height for kind, frame in events.items()}
    assert counts["Experiment Assigned"] == 64_000
    assert counts["Session Started"] == round(0.14678 * 64_000)
    assert counts["Order Completed"] == counts["Order Created"] == round(0.00903 * 64_000)
    spend = int(events["Order Completed"]["amount"].sum()) / 100 / 64_000
    assert spend == pytest.approx(1.0509, abs=1e-4)
    arms = events["Experiment Assigned"]["p_arm"].value_counts().sort("p_arm")["count"].to_list()
    assert arms == [21_307, 21_306, 21_387]
    assert np.isfinite(found.truth().effects["error"].to_numpy()).all()
    with pytest.raises(NotFound, match="hillstrom"):
        hillstrom_email(tmp_path)
