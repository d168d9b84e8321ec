"""How an event is shown to a person: on one line, or property by property."""

from collections.abc import Iterable, Mapping

from guanxi.cli.output import amount_text, moment, show_lines
from guanxi.events import Catalogue, Event, Property

CUSTOM = "自定义事件"


def show_events(events: Iterable[tuple[int, Event]], catalogue: Catalogue) -> None:
    """Print a line for each numbered event: when, what, how much; then who, what it refers to and its source."""
    rows = []
    for number, event in events:
        amount = amount_text(event.amount, event.currency)
        named = [ref if ref.startswith(f"{role}:") else f"{role}={ref}" for role, ref in event.roles.items()]
        told = {ref.rpartition(":")[2] for ref in event.roles.values()}
        named += [f"{name}={of}" for name, of in event.refs.items() if of not in told]
        rows.append(((str(number), moment(event.at_ms), label(event.kind, catalogue), amount), [*named, event.source]))
    show_lines(rows)


def label(kind: str, catalogue: Catalogue) -> str:
    """Return the name of a kind in English and Chinese."""
    found = catalogue.find(kind)
    return f"{kind} {found.zh if found else CUSTOM}"


def property_rows(event: Event, properties: Mapping[str, Property]) -> list[tuple[str, str, str]]:
    """Return name, Chinese label and value of each property, values with their units."""
    return [
        (name, properties[name].zh if name in properties else "", _value(value, properties.get(name), event.currency))
        for name, value in event.properties.items()
    ]


def _value(value: object, declared: Property | None, currency: str) -> str:
    if value is None or declared is None:
        return "—" if value is None else str(value)
    if declared.personal:
        return f"{str(value)[:9]}… in the vault 在保险库" if value else "—"
    if declared.type == "money" and isinstance(value, int):
        return amount_text(value, currency)
    if declared.type == "time" and isinstance(value, int):
        return moment(value)
    if declared.type == "rate" and isinstance(value, int | float):
        return f"{value:.2%}"
    unit = {"count": "", "major": currency}.get(declared.unit, declared.unit)
    return f"{value} {unit}".rstrip()
