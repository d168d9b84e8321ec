"""Jobs: flows that take long and survive whatever is killed, step by step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, Protocol

import msgspec

from guanxi.core import DataError
from guanxi.ledger import check_word

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]

KEY: Final = 128  # characters
ENDED: Final[tuple[JobState, ...]] = ("done", "failed", "cancelled")


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where a job stands.

    id        name and key; name, key: what it is a run of, and what tells it from other runs
    done, of  how far it came, in units of its own; of = 0: it did not say
    text      what it told last
    steps     how many of its steps are finished and will not run again
    result    what it gave back; error: why it failed, "" = it did not
    """

    id: str
    name: str
    key: str
    state: JobState
    begun_ms: int
    ended_ms: int | None = None
    done: int = 0
    of: int = 0
    text: str = ""
    steps: int = 0
    result: Json = None
    error: str = ""


class Steps(Protocol):
    """What a flow is handed: the way to do things once.

    A flow is run again from its beginning after a crash; what stands in `do` is not, its result is remembered.
    So whatever reads the clock, draws or touches something belongs into `do`; the rest must give the same each time.
    A step that was cut off half-way is run again: give what it touches a key that is the same each time.
    """

    @property
    def id(self) -> str:
        """Id of the job: a part of the keys of what it touches."""

    def do(self, name: str, act: Callable[[], Json]) -> Json:
        """Run a step once and remember what it gave; later only give it back."""

    def tell(self, done: int, of: int, text: str = "") -> None:
        """Say how far the flow has come."""

    def pause(self, seconds: float) -> None:
        """Wait; after a crash only for what is left."""


Flow = Callable[[Steps, Mapping[str, Json]], Json]


class Jobs(Protocol):
    """Runs of flows, and what became of them."""

    def start(self, name: str, key: str, args: Mapping[str, Json] | None = None) -> str:
        """Ask for a run of a flow and return its id; the same name and key again are the same run, as first asked for.

        args    kept as they are: ids and numbers, nobody's data
        raises  NotFound when no flow has the name; DataError when the key is no key
        """

    def status(self, id: str) -> JobStatus:  # noqa: A002
        """Return where a job stands.

        raises  NotFound
        """

    def page(self, *, state: JobState | None = None, limit: int = 100) -> Sequence[JobStatus]:
        """Return jobs, the latest first, without their steps."""

    def wait(self, id: str, *, seconds: float) -> JobStatus:  # noqa: A002
        """Wait until a job has ended, and return where it stands.

        raises  NotFound; Busy when it has not ended in this time
        """

    def cancel(self, id: str) -> JobStatus:  # noqa: A002
        """End a job before its next step; what was done stays done. A job that has ended stays as it is.

        raises  NotFound
        """

    def close(self) -> None:
        """Let go; what runs is finished by whoever opens next."""


def job_id(name: str, key: str) -> str:
    """Return the id of the run of a flow with a key.

    raises  DataError when the name is no word, or the key is empty, too long or not printable
    """
    check_word(name, "the job")
    if not 0 < len(key) <= KEY or not key.isprintable():
        raise DataError(f"the key of a job has {len(key)} characters", f"Use 1 to {KEY} that can be printed", "key")
    return f"{name}:{key}"
