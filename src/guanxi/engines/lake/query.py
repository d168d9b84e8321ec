"""What a user's SQL may be: one SELECT over the log's tables, and no way around them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import duckdb

from guanxi.core import DataError, Refused
from guanxi.events import CUSTOM, PROPERTY, Catalogue, table_name

_SQL: Final[dict[str, str]] = {
    "text": "VARCHAR", "id": "VARCHAR", "json": "JSON", "integer": "BIGINT", "money": "BIGINT", "time": "BIGINT",
    "decimal": "DECIMAL(18,6)", "number": "DOUBLE", "rate": "DOUBLE", "boolean": "BOOLEAN",
}  # fmt: skip
TABLE_FUNCTIONS: Final = frozenset({"range", "generate_series", "unnest"})


def check_query(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Let a query pass that is one SELECT and calls no function that reads files or other databases.

    raises  DataError when it is not SQL, Refused when it is more than a SELECT over tables
    """
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise DataError(f"the query cannot be read: {str(error).splitlines()[0][:300]}", "Mend it") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Refused("only one SELECT may be run", "The log is changed by events alone")
    row = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        raise Refused("this form of SELECT is not allowed", "Write SELECT … FROM a table of events")
    for name in _table_functions(tree):
        if name not in TABLE_FUNCTIONS:
            raise Refused(f"the function {name!r} may not be called", "Query the tables of events")


def custom_views(catalogue: Catalogue, columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (view, SELECT) for every kind that the workspace defines: typed columns over the shared table.

    Events that were sent before their kind was defined are in it too; a value of another type reads as null.
    """
    kept = ", ".join(name for name in columns if name not in ("kind", "extra"))
    for kind in catalogue.values():
        if kind.custom:
            typed = "".join(
                f", TRY_CAST(extra ->> '$.properties.{name}' AS {_SQL[row.type]}) AS {PROPERTY}{name}"
                for name, row in kind.properties.items()
            )
            quoted = kind.name.replace("'", "''")
            yield table_name(kind.name), f"SELECT {kept}{typed}, extra FROM {CUSTOM} WHERE kind = '{quoted}'"


def _table_functions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "TABLE_FUNCTION":
            yield str(node.get("function", {}).get("function_name", "")).lower()
        for value in node.values():
            yield from _table_functions(value)
    elif isinstance(node, list):
        for value in node:
            yield from _table_functions(value)
