"""Events as columns: the fast door, with the same checks as the single one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from guanxi.events.event import SEPARATOR, Event, id_pair, id_text
from guanxi.events.kinds import REFS, ROLES, Catalogue, Kind, Property, PropertyType

ROLE, REF, PROPERTY = "role_", "ref_", "p_"  # column prefixes
MAX_AMOUNT: Final = 10**15  # minor units; ten trillion yuan: above it the unit was mistaken
MAX_TEXT: Final = 10_000  # characters of one property
MAX_ID: Final = 512  # characters of a role, reference or id
EARLIEST_MS: Final = 631_152_000_000  # 1990-01-01
END_MS: Final = 4_102_444_800_000  # 2100-01-01, exclusive
MAX_JSON: Final = 100 * MAX_TEXT  # characters of one list or object, as JSON text
CUSTOM: Final = "custom"  # the lake table of kinds that the catalogue does not know

DTYPES: Final[dict[PropertyType, pl.DataType]] = {
    "text": pl.String(),
    "id": pl.String(),
    "integer": pl.Int64(),
    "decimal": pl.Decimal(18, 6),
    "money": pl.Int64(),
    "number": pl.Float64(),
    "rate": pl.Float64(),
    "boolean": pl.Boolean(),
    "time": pl.Int64(),
    "json": pl.String(),
}
BASE: Final[dict[str, pl.DataType]] = {
    "id_hi": pl.UInt64(),
    "id_lo": pl.UInt64(),
    "at_ms": pl.Int64(),
    "platform": pl.String(),
    "amount": pl.Int64(),
    "currency": pl.String(),
    "consent": pl.Int64(),
    "repairs": pl.String(),
    "row": pl.Int64(),
}

#: Columns that the lake adds to those of a batch.
STORED: Final[dict[str, pl.DataType]] = {
    "seq": pl.Int64(),
    "received_ms": pl.Int64(),
    "live": pl.Boolean(),
    "source": pl.String(),
}


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Many events of one kind.

    kind   a catalogue name, or a custom kind
    frame  the columns that docs/design.md lists under EventBatch; absent columns are all null
    """

    kind: str
    frame: pl.DataFrame

    def __len__(self) -> int:
        return self.frame.height


def columns_of(kind: Kind | None) -> dict[str, pl.DataType]:
    """Return name -> type of every column that events of a kind may have, in lake order.

    None, or a kind that a workspace defines, stands for custom events: every role and reference, the kind's name,
    and `extra` for the rest. So events stored before their kind was defined lie beside those stored after.
    """
    columns = dict(BASE)
    kind = _home(kind)
    if kind is None:
        columns |= {"kind": pl.String()}
    roles = tuple(ROLES) if kind is None else kind.role_names
    refs = REFS if kind is None else kind.ref_names
    columns |= {ROLE + role: pl.String() for role in roles}
    columns |= {REF + ref: pl.String() for ref in refs}
    if "supersedes" not in refs:
        columns[REF + "supersedes"] = pl.String()
    if kind is not None:
        columns |= {PROPERTY + name: DTYPES[_stored_type(row)] for name, row in kind.properties.items()}
    columns["extra"] = pl.String()
    return columns


def conform(kind: Kind | None, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with exactly the declared columns, in order; what is not declared moves into `extra`.

    raises  polars.exceptions.InvalidOperationError when a value does not fit its column's type
    """
    columns = columns_of(kind)
    stray = [name for name in frame.columns if name.startswith((ROLE, REF, PROPERTY)) and name not in columns]
    if stray:
        extra = _stray_json(frame, stray, kind)
        frame = frame.with_columns(extra.alias("extra"))
    return frame.select(
        (pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name))
        for name, dtype in columns.items()
    )


def content_hash(frame: pl.DataFrame, *salt: str) -> NDArray[np.uint64]:
    """Return the 128-bit hash of every row's content, as (n, 2) unsigned integers (high, low).

    The row number, the ids and the repairs are not content; the order of columns, columns of nothing but nulls and
    the rows beside it do not matter: a row has the same hash however its file is cut into chunks.
    salt     what else makes rows different: preset, kind
    source   XXH3-128 of "name=value" and U+001F for every value that is there
    """
    outside = {"id_hi", "id_lo", "nk_hi", "nk_lo", "nk", "row", "repairs", REF + "supersedes"}
    parts: list[pl.Expr] = []
    for name in sorted(set(frame.columns) - outside):
        nulls = frame[name].null_count()
        if nulls == frame.height:
            continue
        pair = [pl.lit(f"{name}="), pl.col(name).cast(pl.String), pl.lit(SEPARATOR)]
        # Nulls leave no trace: whether a column is there at all depends on the rows beside.
        parts.extend(pair if not nulls else [pl.concat_str(pair)])
    if not parts:
        return hash_texts([""] * frame.height, *salt)
    return hash_texts(frame.select(pl.concat_str(parts, ignore_nulls=True).alias("text"))["text"], *salt)


def hash_texts(texts: Iterable[str], *salt: str) -> NDArray[np.uint64]:
    """Return the XXH3-128 of every text after the salt, as (n, 2) unsigned integers (high, low)."""
    prefix = (SEPARATOR.join(salt) + SEPARATOR).encode() if salt else b""
    digest = xxhash.xxh3_128_digest
    if isinstance(texts, pl.Series):  # whole Unicode, and quicker as a list
        joined = b"".join([digest(prefix + text.encode()) for text in texts.to_list()])
    else:
        joined = b"".join([digest(prefix + text.encode("utf-8", "surrogatepass")) for text in texts])
    return np.frombuffer(joined, dtype=">u8").reshape(-1, 2).astype(np.uint64)


def to_events(batch: EventBatch, *, catalogue: Catalogue, **fixed: Any) -> Iterator[Event]:
    """Yield the events of a batch, in row order.

    fixed  values for fields of Event that are not columns, such as source or received_ms
    """
    read = event_reader(catalogue.find(batch.kind), batch.frame.columns, batch.kind, **fixed)
    return map(read, batch.frame.iter_rows())


def event_reader(
    kind: Kind | None, columns: Sequence[str], name: str, **fixed: Any
) -> Callable[[Sequence[Any]], Event]:
    """Return what turns the cells of a lake or batch row into an event.

    columns  the cells' names, in order
    name     the kind, for rows that do not say it
    fixed    values for fields of Event that are not columns
    """
    declared: Mapping[str, Property] = kind.properties if kind is not None else {}
    at = {column: place for place, column in enumerate(columns)}
    roles = [(place, column[5:]) for column, place in at.items() if column.startswith(ROLE)]
    refs = [(place, column[4:]) for column, place in at.items() if column.startswith(REF)]
    properties = [
        (place, column[2:], _stored_type(declared[column[2:]]) if column[2:] in declared else "text")
        for column, place in at.items()
        if column.startswith(PROPERTY)
    ]
    plain = [(field, at[field]) for field in _CELLS if field in at and field not in fixed]
    texts = [(field, at[field]) for field in _TEXTS if field in at and field not in fixed]
    high, low, extra, repairs = at.get("id_hi"), at.get("id_lo"), at.get("extra"), at.get("repairs")

    def read(cells: Sequence[Any]) -> Event:
        fields: dict[str, Any] = {field: cells[place] for field, place in plain if cells[place] is not None}
        fields.update((field, cells[place]) for field, place in texts if cells[place])
        fields["roles"] = {role: cells[place] for place, role in roles if cells[place] is not None}
        fields["refs"] = {ref: cells[place] for place, ref in refs if cells[place] is not None}
        fields["properties"] = {
            key: value if kept in _AS_STORED else _cell_to_value(value, kept)
            for place, key, kept in properties
            if (value := cells[place]) is not None
        }
        if extra is not None and cells[extra]:
            for group, values in msgspec.json.decode(cells[extra]).items():
                fields[group].update(values)
        if repairs is not None and cells[repairs]:
            fields["repairs"] = tuple(cells[repairs].split(","))
        fields.setdefault("kind", name)
        if high is not None and low is not None and "id" not in fixed:
            fields["id"] = id_text(cells[high], cells[low])
        return Event(**(fields | fixed))

    return read


_CELLS: Final = ("at_ms", "received_ms", "seq", "amount", "consent", "live")
_TEXTS: Final = ("platform", "currency", "source", "kind")  # "" and null are the same
_AS_STORED: Final = frozenset({"integer", "money", "number", "rate", "boolean", "time", "id"})


def from_events(events: Iterable[Event], catalogue: Catalogue, *, stored: bool = False) -> list[EventBatch]:
    """Return the events as conformed batches, one per kind (all custom kinds share one), in order of first sight.

    stored  also give the columns seq, received_ms, live and source, as the lake holds them
    """
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault(CUSTOM if catalogue.own_table(event.kind) is None else event.kind, []).append(event)
    return [EventBatch(name, _frame(group, catalogue.own_table(name), stored=stored)) for name, group in groups.items()]


def _home(kind: Kind | None) -> Kind | None:
    """The row whose columns hold a kind's events; None when they lie in the shared table of custom events."""
    return None if kind is None or kind.custom else kind


def _stored_type(row: Property) -> PropertyType:
    """The type of a property in the log: personal ones are tokens there, whatever stands behind them."""
    return "text" if row.personal else row.type


def decimal_text(value: Decimal) -> str:
    """Return a decimal as events carry it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _frame(events: list[Event], kind: Kind | None, *, stored: bool) -> pl.DataFrame:
    columns = columns_of(kind)
    if stored:
        columns |= STORED
    data: dict[str, list[Any]] = {name: [] for name in columns}
    extras: list[dict[str, dict[str, Any]]] = []
    for event in events:
        row, extra = _cells(event, kind, columns)
        extras.append(extra)
        for name, column in data.items():
            column.append(row.get(name))
    made = {name: _series(name, values, columns[name], extras) for name, values in data.items() if name != "extra"}
    encode = msgspec.json.encode
    made["extra"] = pl.Series("extra", [encode(extra).decode() if extra else None for extra in extras], pl.String())
    return pl.DataFrame([made[name] for name in columns])


def _cells(
    event: Event, kind: Kind | None, columns: Mapping[str, pl.DataType]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return column -> value of an event, and what has no column."""
    high, low = id_pair(event.id)
    row: dict[str, Any] = {
        "id_hi": high, "id_lo": low, "at_ms": event.at_ms, "platform": event.platform or None,
        "amount": event.amount, "currency": event.currency or None, "consent": event.consent,
        "repairs": ",".join(event.repairs) or None, "kind": event.kind, "seq": event.seq,
        "received_ms": event.received_ms, "live": event.live, "source": event.source,
    }  # fmt: skip
    extra: dict[str, dict[str, Any]] = {}
    for prefix, values, name in ((ROLE, event.roles, "roles"), (REF, event.refs, "refs")):
        for key, value in values.items():
            if prefix + key in columns:
                row[prefix + key] = value
            else:
                extra.setdefault(name, {})[key] = value
    for key, value in event.properties.items():
        declared = kind.properties.get(key) if kind is not None else None
        if declared is None or PROPERTY + key not in columns:
            extra.setdefault("properties", {})[key] = value
        else:
            row[PROPERTY + key] = (
                msgspec.json.encode(value).decode() if _stored_type(declared) == "json" and value is not None else value
            )
    return row, extra


def _series(name: str, values: list[Any], dtype: pl.DataType, extras: list[dict[str, dict[str, Any]]]) -> pl.Series:
    """Return a column; property values that do not fit its type, as after a change of the catalogue, go to `extras`."""
    try:
        return _typed(name, values, dtype)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        if not name.startswith(PROPERTY):
            raise
    fitting: list[Any] = []
    for value, extra in zip(values, extras, strict=True):
        try:
            _typed(name, [value], dtype)
            fitting.append(value)
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            extra.setdefault("properties", {})[name.removeprefix(PROPERTY)] = value
            fitting.append(None)
    return _typed(name, fitting, dtype)


def _typed(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.Decimal):  # decimals travel as text
        return pl.Series(name, [None if v is None else str(v) for v in values], pl.String()).cast(dtype)
    return pl.Series(name, values, dtype)


def _cell_to_value(value: Any, property_type: PropertyType) -> Any:
    if property_type == "json":
        return msgspec.json.decode(value)
    return decimal_text(value) if isinstance(value, Decimal) else value


def _stray_json(frame: pl.DataFrame, stray: list[str], kind: Kind | None) -> pl.Series:
    groups = {ROLE: "roles", REF: "refs", PROPERTY: "properties"}
    declared: Mapping[str, Property] = kind.properties if kind is not None else {}
    places = []
    for name in stray:
        prefix = next(prefix for prefix in groups if name.startswith(prefix))
        row = declared.get(name.removeprefix(PROPERTY)) if prefix == PROPERTY else None
        places.append((groups[prefix], name.removeprefix(prefix), _stored_type(row) if row is not None else "text"))
    held = frame["extra"].to_list() if "extra" in frame.columns else [None] * frame.height
    texts: list[str | None] = []
    for cells, before in zip(frame.select(stray).iter_rows(), held, strict=True):
        extra: dict[str, dict[str, Any]] = msgspec.json.decode(before) if before else {}
        for (group, name, property_type), value in zip(places, cells, strict=True):
            if value is not None:
                extra.setdefault(group, {})[name] = _cell_to_value(value, property_type)
        texts.append(msgspec.json.encode(extra).decode() if extra else None)
    return pl.Series("extra", texts, pl.String())
