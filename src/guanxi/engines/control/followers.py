"""Followers: how far somebody who reads the log has come, written together with what was made of it."""

from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from guanxi.core import DataError
from guanxi.engines.control.job_tables import followers

NAME: Final = 64  # characters


class Followers:
    """The places of all followers, in the control database.

    Whoever follows reads its place, reads the log behind it, and writes what came of it and the new place in one
    transaction: after a crash it goes on where it was, and nothing is done twice.
    """

    def get_in(self, connection: Connection, name: str) -> int:
        """Return the last seq that a follower has read; 0 when it has read nothing."""
        found = connection.execute(select(followers.c.seq).where(followers.c.name == name)).scalar_one_or_none()
        return 0 if found is None else int(found)

    def set_in(self, connection: Connection, name: str, seq: int, now_ms: int) -> None:
        """Keep how far a follower has read.

        raises  DataError when the name is empty or too long, or when the place lies before the one that is kept
        """
        if not 0 < len(name) <= NAME:
            raise DataError(f"the follower's name has {len(name)} characters", f"Use 1 to {NAME}", "name")
        kept = self.get_in(connection, name)
        if type(seq) is not int or seq < kept:
            raise DataError(
                f"the follower {name} has read up to {kept}, not {seq!r:.40}",
                "Go on from where it is, or forget it to begin anew",
                "seq",
            )
        row = {"seq": seq, "at_ms": now_ms}
        if not connection.execute(update(followers).where(followers.c.name == name).values(row)).rowcount:
            connection.execute(insert(followers).values(name=name, **row))

    def forget_in(self, connection: Connection, name: str) -> None:
        """Let a follower begin anew, from the first event."""
        connection.execute(delete(followers).where(followers.c.name == name))

    def all_in(self, connection: Connection) -> dict[str, int]:
        """Return the place of each follower, by name."""
        rows = connection.execute(select(followers).order_by(followers.c.name))
        return {row.name: row.seq for row in rows}
