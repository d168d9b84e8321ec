"""How commands are listed: in the order a person needs them, each with its whole sentence."""

from typing import Any, Final

from typer.core import TyperGroup

#: The first commands of `guanxi --help`; what is not named here follows as it was added.
ORDER: Final = (
    "demo", "init", "import", "mapping", "parked", "status", "events", "explain", "parties", "metrics", "people",
    "traits", "explore", "sql", "policies", "decide", "approvals", "limits", "outbox", "send", "ledger", "bank", "jobs",
    "serve", "keys", "users", "erase", "backup", "restore", "town", "bench",
)  # fmt: skip


class Commands(TyperGroup):
    """A group that lists its commands with their whole first paragraph, the Chinese included."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of ORDER."""
        names = list(self.commands)
        return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list; nothing is cut off."""
        shown = [(name, self.commands[name]) for name in self.list_commands(ctx)]
        rows = [
            (name, " ".join((command.help or "").split("\n\n")[0].split()))
            for name, command in shown
            if not command.hidden
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
