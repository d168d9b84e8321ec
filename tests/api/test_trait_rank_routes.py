"""Where a person's traits stand among all people, as the desk tells it."""

import pytest

from guanxi.app.trait_ranks import make_ranks

SPEND, SECRET = "person.spend.sum.life", "person.spend.top_share_address.365d"


@pytest.fixture(scope="module")
def ranked(served) -> None:
    """Seven people who spent 10, 20, 30 … yuan, the last two the same; then the ranks of the day."""
    batch = [
        {
            "type": "track", "event": event, "userId": f"r-{place}", "messageId": f"r-{place}-{event}",
            "timestamp": "2026-01-02T12:00:00+08:00",
            "properties": {"order_id": f"R{place}", "total": min(place, 6) * 1_000_000},
        }
        for place in range(1, 8) for event in ("Order Created", "Order Completed")
    ]  # fmt: skip
    with served.client(served.gate) as client:
        answer = client.post("/v1/import", json={"batch": batch}, auth=(served.keys["server"], ""))
        assert answer.status_code == 200, answer.text
    served.workspace.reopen()
    make_ranks(served.workspace)


def test_ranks_beside_values(served, ranked: None) -> None:
    with served.browser("analyst") as analyst:
        found = analyst.get("/v1/people/account:app:r-6/traits", params={"use": "profile"}).json()
        assert found["ranked"] >= 7
        assert found["people"] == found["drawn"] >= found["ranked"]
        rows = {row["name"]: row for part in found["topics"] for row in part["rows"]}
        rank = rows[SPEND]["rank"]
        assert (rank["value"], rank["until_ms"]) == (600_000_000, found["ranked_ms"])
        assert rank["equal"] == pytest.approx(2 / rank["n"])
        assert rank["below"] == pytest.approx((rank["n"] - 2) / rank["n"])
        assert rows[SECRET]["state"] == "hidden"
        assert rows[SECRET]["rank"] is None
        assert {row["state"] for row in rows.values() if row["rank"]} == {"known"}


def test_a_past_moment_has_no_later_ranks(served, ranked: None) -> None:
    with served.browser("analyst") as analyst:
        for asked in ({"until": "2026-01-03"}, {"asof": "2026-01-03"}):
            found = analyst.get("/v1/people/account:app:r-6/traits", params=asked).json()
            assert found["ranked_ms"] is None
            assert all(row["rank"] is None for part in found["topics"] for row in part["rows"])
