"""Evidence: what stands behind a number, an event or a party: definition, query, rows, people, lineage, command."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from guanxi.app import queries
from guanxi.app.metrics import measure, readings, same_party
from guanxi.app.scope import Scope
from guanxi.app.workspace import Workspace
from guanxi.core import DataError
from guanxi.engines.lake import aggregate, time_span
from guanxi.traits.metrics import (
    RULE_EN,
    RULE_ZH,
    SAME,
    Evidence,
    Metric,
    metrics,
    people_query,
    sample_query,
    single_query,
)

METHOD_ZH: Final = "按当时所知计数：被更正的事件不计，身份先归并，币种不混加。没有抽样，没有估计。"
METHOD_EN: Final = (
    "Counted as known then: superseded events left out, identities joined first, currencies never added together. No"
    " sample, no estimate."
)
SAMPLE: Final = 20  # rows of a sample
REFS: Final = 50  # people that are named


def evidence(workspace: Workspace, scope: Scope, of: str, *, sees_people: bool) -> Evidence:
    """Return what stands behind something.

    of           "metric:gmv_paid", "change:gmv_paid:jd" (of one platform), "event:<id or seq>" or "party:<reference>"
    sees_people  False: no single rows, no references of people
    raises       DataError when `of` names nothing of the kind, NotFound when there is none
    """
    what, _, name = of.partition(":")
    if what == "metric":
        return _of_metric(workspace, scope, metrics()[name], sees_people)
    if what == "change":
        return _of_change(workspace, scope, name, sees_people)
    if what == "event":
        return _of_event(workspace, scope, name)
    if what == "party":
        return _of_party(workspace, scope, name)
    named = "metric:ID, change:ID:PLATFORM, event:ID or party:TYPE:SCOPE:KEY"
    raise DataError(f"there is no evidence of {of[:60]!r}", f"Name {named}", "of")


def _of_metric(workspace: Workspace, scope: Scope, metric: Metric, sees_people: bool) -> Evidence:
    table = measure(workspace, scope, [metric])
    current, compared = readings(table, metric, scope)
    people = same_party(workspace, scope.known)
    given: Any = {"platforms": scope.platforms, "currency": scope.currency, "resolved": people.height > 0}
    frames = {SAME: people} if people.height else {}
    kinds = sorted({kind for group in metric.kinds for kind in group} | set(table.kinds))

    def ask(sql: str) -> Any:
        return aggregate(workspace.reader, sql, kinds=kinds, known=scope.known, frames=frames)

    sample = ask(sample_query(metric, scope.window, **given, limit=SAMPLE)) if sees_people else None
    who = ask(people_query(metric, scope.window, **given, limit=REFS))
    return Evidence(
        of=f"metric:{metric.name}", zh=metric.zh, en=metric.en, definition_zh=metric.definition_zh,
        definition_en=metric.definition_en, unit=scope.currency if metric.unit == "money" else metric.unit,
        known=scope.known, as_of_ms=scope.now_ms, window=scope.span, current=current, compared=compared,
        sql=single_query(metric, scope.window, **given), columns=tuple(sample.columns) if sample is not None else (),
        sample=tuple(tuple(map(_cell, row)) for row in sample.rows()) if sample is not None else (), rows=current.n,
        people=int(who["people"][0]) if who.height else 0,
        person_refs=tuple(who["person"].to_list()) if sees_people and who.height else (),
        method_zh=METHOD_ZH, method_en=METHOD_EN, lineage=_lineage(workspace, metric),
        command=" ".join(part for part in ("guanxi metrics show", metric.name, scope.words) if part),
    )  # fmt: skip


def _of_change(workspace: Workspace, scope: Scope, name: str, sees_people: bool) -> Evidence:
    """A metric on one platform, with the rule by which changes are ranked."""
    metric, _, platform = name.partition(":")
    known = workspace.platforms.get(platform)
    if known is None:
        raise DataError(f"no platform is called {platform[:40]!r}", "Name change:METRIC:PLATFORM", "of")
    told = _of_metric(workspace, replace(scope, platforms=(platform,), pf=platform), metrics()[metric], sees_people)
    return replace(
        told, of=f"change:{name}", zh=f"{told.zh} · {known.zh}", en=f"{told.en} · {known.en}",
        method_zh=f"{told.method_zh}{RULE_ZH}", method_en=f"{told.method_en} {RULE_EN}",
    )  # fmt: skip


def _lineage(workspace: Workspace, metric: Metric) -> tuple[str, ...]:
    """One line a kind that occurred: its sources, how many events, and what they give."""
    counts = workspace.reader.counts()
    lines = []
    for kind in dict.fromkeys(kind for group in metric.kinds for kind in group):
        if counts.get(kind):
            sources = ", ".join(time_span(workspace.reader, kind).sources)
            lines.append(f"{sources} → {kind} {workspace.catalogue[kind].zh} ({counts[kind]:,}) → {metric.name}")
    return tuple(lines)


def _of_event(workspace: Workspace, scope: Scope, reference: str) -> Evidence:
    found = queries.explain(workspace, reference)
    event, kind = found.event, found.kind
    rows = [(name, _cell(value)) for name, value in sorted(msgspec.to_builtins(event).items())]
    return _single(
        scope, of=f"event:{reference}", zh=kind.zh if kind else event.kind, en=event.kind,
        definition=kind.purpose if kind else "", rows=rows, people=len({*found.parties.values()}),
        lineage=(f"{event.source} → {event.kind} → seq {event.seq}",), command=f"guanxi events explain {reference}",
        sql="",
    )  # fmt: skip


def _of_party(workspace: Workspace, scope: Scope, ref: str) -> Evidence:
    found = queries.party(workspace, ref, known=scope.known)
    return _single(
        scope, of=f"party:{ref}", zh=found.zh, en=found.en, definition=" = ".join(found.members),
        rows=list(found.counts.items()), people=len(found.members),
        lineage=tuple(f"{kind}: {count:,}" for kind, count in found.counts.items()),
        command=f"guanxi parties show {ref}", sql="",
    )  # fmt: skip


def _single(
    scope: Scope, *, of: str, zh: str, en: str, definition: str, rows: Sequence[tuple[str, Any]], people: int,
    lineage: tuple[str, ...], command: str, sql: str,
) -> Evidence:  # fmt: skip
    return Evidence(
        of=of, zh=zh, en=en, definition_zh=definition, definition_en=definition, unit="", known=scope.known,
        as_of_ms=scope.now_ms, window=None, current=None, compared=None, sql=sql, columns=("name", "value"),
        sample=tuple(rows), rows=len(rows), people=people, person_refs=(), method_zh=METHOD_ZH, method_en=METHOD_EN,
        lineage=lineage, command=command,
    )  # fmt: skip


def _cell(value: object) -> str | int | float | None:
    return value if isinstance(value, str | int | float) or value is None else msgspec.json.encode(
        value, enc_hook=str
    ).decode()  # fmt: skip
