"""What the log keeps of a decision."""

from typing import Final

import msgspec

from guanxi.decisions.records import Record, Weighed
from guanxi.decisions.values import NOTHING
from guanxi.events import Event, event_id

MADE: Final = "Decision Made"


def decision_event(record: Record) -> Event:
    """Return the event Decision Made of a record; the same decision gives the same event."""
    made = record.decision
    refused = {one.id: [f"{why.by}:{why.name}" for why in one.refusals] for one in record.weighed if one.refusals}
    chosen = next((one for one in record.weighed if one.id in made.chosen and one.id != NOTHING), None)
    properties: dict[str, object] = {
        "policy": made.policy, "mode": made.mode, "chosen": ",".join(made.chosen), "propensity": made.propensity,
        "candidates": msgspec.json.encode([one.id for one in record.weighed]).decode(), "scene": record.arm,
        **({"constraints": msgspec.json.encode(refused).decode()} if refused else {}), **_worth(chosen),
    }  # fmt: skip
    return Event(
        id=event_id("decision", MADE, made.id), kind=MADE, at_ms=made.at_ms, roles={"actor": made.party},
        refs={"decision": made.id}, properties=properties,
    )  # fmt: skip


def _worth(chosen: Weighed | None) -> dict[str, object]:
    return {} if chosen is None or chosen.value is None else {"value": chosen.value.value}
