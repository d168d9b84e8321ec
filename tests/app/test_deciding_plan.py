"""Plans of runs: what a plan's draw could have given does not depend on what chance made of a person."""

from collections import defaultdict

from guanxi.app import Workspace
from guanxi.app.deciding import run_policy
from guanxi.app.decision_replay import replay_run

from .conftest import BUYERS, NOW, limit


def test_in_one_case_everybody_has_the_same_chances_whatever_their_arm(buyers: Workspace) -> None:
    limit(buyers, "test_budget", cap=1_000, uses="cost")  # five coupons for some twenty who are alike
    run = run_policy(buyers, "winback", BUYERS, audience="全部", who="ann", now_ms=NOW, send=True)
    cases: dict[object, set[object]] = defaultdict(set)
    arms: dict[object, set[str]] = defaultdict(set)
    drawn = set()
    for _, record in buyers.control.decisions.records(run=run.id):
        case = record.context.traits["person.product_views.count.7d"]
        cases[case].add(tuple((one.id, round(one.propensity, 12)) for one in record.weighed))
        arms[case].add(record.arm)
        if record.odds:
            drawn.add(case)
            assert record.planned in record.odds
    assert drawn
    assert all(arms[case] >= {"treated", "holdout"} for case in drawn)
    assert {case: len(found) for case, found in cases.items()} == dict.fromkeys(cases, 1)
    assert replay_run(buyers, run.id).is_same
