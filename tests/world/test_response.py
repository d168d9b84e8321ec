"""Messages, coupons and consent: their size as measured elsewhere, and what happens to those who never allowed them."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from guanxi.events import CONSENT_BITS
from guanxi.world import Dial

DATA = Path(os.environ.get("GUANXI_DATA", Path(__file__).parents[3] / "shared" / "data"))


def read(name: str) -> pl.DataFrame:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not here: set GUANXI_DATA")
    return pl.read_parquet(path)


def log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["a", "b"])
def test_coupons_are_redeemed_as_often_as_in_complete_journey(kit: Any, variant: str) -> None:
    pair = ["household_id", "campaign_id"]
    targeted = read("complete_journey/campaigns.parquet").select(pair).unique()
    used = read("complete_journey/coupon_redemptions.parquet").select(pair).unique()
    share = targeted.join(used, on=pair, how="semi").height / targeted.height
    rates = []
    for seed in (1, 2):
        town = kit.town(people=4_000, seed=seed, detail="trade", dials={"response": Dial(variant=variant)})
        got = kit.run(town, 45)
        issued = got["Coupon Issued"].filter(pl.col("at_ms") < town.ms_of(30))
        rates.append(issued["ref_coupon"].is_in(got["Coupon Redeemed"]["ref_coupon"].implode()).mean())
    assert share == pytest.approx(0.12, abs=0.005)
    assert 0.6 * share < float(np.mean(rates)) < 1.5 * share


def test_a_message_lifts_visits_as_much_as_a_mail_of_hillstrom(kit: Any) -> None:
    visits = dict(read("hillstrom_email/hillstrom.parquet").group_by("segment").agg(pl.col("visit").mean()).rows())
    none = log_odds(visits["No E-Mail"])
    band = sorted(log_odds(visits[name]) - none for name in ("Mens E-Mail", "Womens E-Mail"))
    lifts = []
    for seed in (1, 2, 3):
        town = kit.town(people=3_000, seed=seed, campaigns=False, detail="trade")
        twin = town.fork()
        told = kit.tell(town, np.arange(3_000), "message", town.ms_of(0))
        shares = [
            len(np.unique(kit.person_of(town, run["Session Started"]["role_actor"]))) / 3_000
            for run in (kit.run(town, 1, told=told), kit.run(twin, 1))
        ]
        lifts.append(log_odds(shares[0]) - log_odds(shares[1]))
    assert 0.8 * band[0] < float(np.mean(lifts)) < 1.2 * band[1]


def test_the_house_asks_for_consent_and_what_is_told_without_it_is_a_violation(kit: Any) -> None:
    town = kit.town(people=1_500)
    kit.run(town, 3)
    assert len(town.truth().violations) == 0
    bits = town.consent()
    refused = np.flatnonzero((bits & CONSENT_BITS["message"]) == 0)
    allowed = np.flatnonzero(bits & CONSENT_BITS["message"])
    assert len(refused) > 200
    twin = town.fork()
    gone = []
    for fork, people in ((town, refused), (twin, allowed[: len(refused)])):
        told = kit.tell(fork, people, "message", fork.ms_of(3) + 1)
        gone.append(kit.run(fork, 4, told=told))
    assert len(town.truth().violations) == len(refused)
    assert len(twin.truth().violations) == 0
    left = [
        kit.person_of(town, run["Message Unsubscribed"]["role_actor"]) if "Message Unsubscribed" in run else []
        for run in gone
    ]
    assert np.isin(left[0], refused).sum() > 2 * np.isin(left[1], allowed).sum()
    assert np.isin(left[0], refused).sum() >= 3


def test_who_opts_out_is_left_alone_by_the_house(kit: Any) -> None:
    town = kit.town(people=2_500)
    got = kit.run(town, 12)
    left = kit.person_of(town, got["Message Unsubscribed"]["role_actor"])
    withdrawn = got["Consent Withdrawn"].filter(pl.col("p_reason") == "too_many_messages")
    assert len(left) == withdrawn.height > 5
    when = dict(zip(left.tolist(), got["Message Unsubscribed"]["at_ms"].to_list(), strict=True))
    sent = got["Message Delivered"]
    for person, at in zip(kit.person_of(town, sent["role_actor"]).tolist(), sent["at_ms"].to_list(), strict=True):
        day = (when.get(person, 2**62) - town.ms_of(0)) // 86_400_000
        assert at < town.ms_of(day + 1)


def test_events_carry_the_consent_in_force_and_minors_allow_nothing_but_analysis(kit: Any) -> None:
    town = kit.town(people=800)
    views = kit.run(town, 1)["Product Viewed"]
    people = kit.person_of(town, views["role_actor"])
    own = views["role_actor"].str.starts_with("account").to_numpy()
    assert (views["consent"].to_numpy()[own] == town.fork().consent()[people[own]]).mean() > 0.99
    young = town.board["people.minor"][people] > 0
    assert set(np.unique(views["consent"].to_numpy()[young & own])) <= {0, CONSENT_BITS["analyse"]}


def test_all_four_classes_live_in_the_town_and_only_dogs_are_driven_away(kit: Any) -> None:
    town = kit.town(people=2_000, campaigns=False)
    kit.run(town, 1)
    truth = town.truth()
    lift, label = truth.label("message_lift")["value"].to_numpy(), truth.label("response_class")["value"].to_numpy()
    shares = np.bincount(label.astype(int), minlength=4) / len(label)
    assert (shares > 0.03).all()
    assert (lift[label == 3] < 0).all()
    assert (lift[label != 3] >= 0).all()


def test_confounding_is_a_dial_of_the_houses_aim(kit: Any) -> None:
    differences = []
    for confounding in (0.0, 1.0):
        dial = Dial(strength="off", confounding=confounding)
        town = kit.town(people=4_000, detail="trade", dials={"response": dial})
        got = kit.run(town, 3)
        rate = town.truth().label("expected_purchases")["value"].to_numpy()
        told = np.unique(kit.person_of(town, got["Coupon Issued"]["role_actor"]))
        differences.append(rate[told].mean() / rate.mean())
    assert abs(differences[0] - 1) < 0.2
    assert differences[1] > 1.4


def test_a_view_ends_in_an_order_as_often_as_at_jd(kit: Any) -> None:
    actions = read("jd_behaviour/bo_action.parquet")["type"].to_numpy()  # 1 view, 4 order
    share = (actions == "4").sum() / (actions == "1").sum()
    got = kit.run(kit.town(people=4_000), 5)
    views = got["Product Viewed"].filter(pl.col("p_source") == "feed").height
    orders = got["Order Created"].filter(pl.col("p_traffic_source") == "推荐").height
    assert 0.5 * share < orders / views < 2 * share


@pytest.mark.slow
def test_the_naive_estimate_is_right_without_confounding_and_wrong_with_it(kit: Any) -> None:
    scores = []
    for confounding in (0.0, 1.0):
        town = kit.town(
            people=20_000, detail="trade", dials={"response": Dial(strength="off", confounding=confounding)}
        )
        got = kit.run(town, 15)
        told = got["Coupon Issued"].filter(pl.col("at_ms") < town.ms_of(1))
        arm = np.isin(np.arange(20_000), kit.person_of(town, told["role_actor"]))
        orders = got["Order Completed"].filter(pl.col("at_ms") >= town.ms_of(1))
        counts = np.bincount(kit.person_of(town, orders["role_actor"]), minlength=20_000)
        error = np.sqrt(counts[arm].var() / arm.sum() + counts[~arm].var() / (~arm).sum())
        scores.append((counts[arm].mean() - counts[~arm].mean()) / error)
    assert abs(scores[0]) < 3
    assert scores[1] > 5
