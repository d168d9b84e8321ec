"""The one family of errors that Guanxi raises on purpose."""

from typing import ClassVar


class GuanxiError(Exception):
    """Base of every error raised on purpose: what went wrong, then how to mend it."""

    retryable: ClassVar[bool] = False  # True when the same call may succeed later, unchanged

    def __init__(self, what: str, mend: str, field: str = "") -> None:
        super().__init__(what, mend, field)  # all in args, so pickling across processes works
        self.what, self.mend, self.field = what, mend, field

    def __str__(self) -> str:
        return f"{self.what}. {self.mend}"


class SettingError(GuanxiError, ValueError):
    """A setting, a declaration or a command line argument is not usable."""


class DataError(GuanxiError, ValueError):
    """A value that came from outside is not usable."""


class NotFound(GuanxiError, LookupError):  # noqa: N818 - the house's name, it reads as a claim
    """The thing that was asked for does not exist."""


class Refused(GuanxiError, PermissionError):  # noqa: N818 - the house's name
    """Policy, consent or a missing right forbids the act."""


class Busy(GuanxiError, RuntimeError):  # noqa: N818 - the house's name
    """Another process holds what is needed now; the same call may succeed later."""

    retryable = True


class MissingEngine(GuanxiError, ImportError):  # noqa: N818 - the house's name
    """An optional package is needed at this point and is not installed."""
