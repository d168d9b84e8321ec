"""A workspace: one folder with the log, the lake, the vault and the control data of one business."""

import contextlib
import secrets
import shutil
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from guanxi.core import NotFound, SettingError
from guanxi.engines.control import Control
from guanxi.engines.lake import Lake, Reader
from guanxi.engines.log import SqliteLog
from guanxi.engines.vault import Vault
from guanxi.events import Catalogue, Intake, Kind, read_kinds, shipped
from guanxi.parties import Platform, platforms
from guanxi.settings import FILE, Settings, load
from guanxi.traits import TraitCatalogue, read_own, shipped_traits

KINDS: Final = "kinds.toml"  # kinds that the workspace defines
TRAITS: Final = "traits.toml"  # traits and measures that it defines
ADMIN: Final = "admin"  # the first user

_SETTINGS = """\
# Settings of this workspace; every row is described in docs/settings.md.

# [[keys]]              # keys that SDKs send in their own form
# key = "PRODUCT"       # GrowingIO project id, ThinkingData appid, PostHog api_key, Segment write key, Sensors ?key=
# scope = "client"      # or "server"
"""


class Workspace:
    """Joins the engines of one folder; opens each when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp = (0, 0, 0)  # of the file that the catalogue was read from
        self._traits_stamp = (0, 0, 0)
        self.settings: Settings = load(folder)
        self.platforms: dict[str, Platform] = platforms(_own_platforms(self.settings))

    @classmethod
    def create(cls, folder: Path) -> tuple[Self, str]:
        """Make a workspace and its first user; return it and that user's password, shown this once.

        raises  SettingError when the folder is not empty; whatever is raised, nothing half-made stays
        """
        if folder.exists() and not folder.is_dir():
            raise SettingError(f"{folder.name!r} is a file", "Name a new folder")
        if folder.exists() and any(folder.iterdir()):
            raise SettingError(f"the folder {folder.name!r} is not empty", "Name a new folder, or open it as it is")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)  # also a folder that was there: what lies in it is for its owner alone
        try:
            return cls._made(folder)
        except BaseException:
            for left in folder.iterdir():
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
            raise

    @classmethod
    def _made(cls, folder: Path) -> tuple[Self, str]:
        (folder / FILE).write_text(_SETTINGS, "utf-8")
        SqliteLog(folder, create=True).close()
        workspace = cls(folder)
        Lake(folder, workspace.catalogue).close()
        workspace.vault.flush()
        password = secrets.token_urlsafe(15)
        workspace.control.create_user(ADMIN, password, roles=("manager", "engineer"))
        workspace.control.record(who="guanxi", verb="workspace.create", object=folder.name)
        return workspace, password

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a workspace.

        raises  NotFound when the folder holds none
        """
        if not (folder / "log.sqlite").exists():
            raise NotFound(
                f"there is no workspace in {folder.name!r}", "Make one with `guanxi init`, or name it with -w"
            )
        return cls(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened."""
        for name in ("vault", "control", "reader"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def reopen(self) -> None:
        """Look at the log afresh, after its files were rewritten."""
        if "reader" in self.__dict__:
            self.__dict__.pop("reader").close()

    def refresh(self) -> bool:
        """Take in the kinds and traits of the workspace when their files changed; tell whether the kinds did.

        A file that cannot be used changes nothing: who saves one by the page is told what is wrong with it.
        """
        self._refresh_traits()
        if "catalogue" not in self.__dict__ or (stamp := _stamp(self.folder / KINDS)) == self._stamp:
            return False
        self._stamp = stamp
        try:
            fresh = _catalogue(self.folder)
        except SettingError:
            return False
        if list(fresh.values()) == list(self.catalogue.values()):
            return False
        self.__dict__["catalogue"] = fresh
        self.reopen()
        return True

    @cached_property
    def catalogue(self) -> Catalogue:
        """The shipped kinds and the workspace's own."""
        self._stamp = _stamp(self.folder / KINDS)
        return _catalogue(self.folder)

    def _refresh_traits(self) -> None:
        if "traits" not in self.__dict__ or (stamp := _stamp(self.folder / TRAITS)) == self._traits_stamp:
            return
        self._traits_stamp = stamp
        with contextlib.suppress(SettingError):
            self.__dict__["traits"] = _traits(self.folder)

    @cached_property
    def traits(self) -> TraitCatalogue:
        """The shipped traits and measures, and the workspace's own."""
        self._traits_stamp = _stamp(self.folder / TRAITS)
        return _traits(self.folder)

    @cached_property
    def vault(self) -> Vault:
        """Personal values and parked rows."""
        return Vault.open(self.folder)

    @cached_property
    def control(self) -> Control:
        """Users, keys, sessions, jobs, the operation log."""
        return Control.open(self.folder)

    @property
    def ledger_secret(self) -> bytes:
        """What `decisions.account_of` names the accounts of people by."""
        return self.vault.ledger_secret

    @cached_property
    def reader(self) -> Reader:
        """The log as one, for reading."""
        return Reader(self.folder, self.catalogue)

    def intake(self) -> Intake:
        """Return the checks that every single event passes."""
        return Intake(self.catalogue, self.platforms, self.vault)


def _catalogue(folder: Path) -> Catalogue:
    path = folder / KINDS
    if not path.exists():
        return shipped()
    return shipped().extended([_as_custom(kind) for kind in read_kinds(_text(path), KINDS)])


def _traits(folder: Path) -> TraitCatalogue:
    path = folder / TRAITS
    return read_own(_text(path), TRAITS) if path.exists() else shipped_traits()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path.name} cannot be read: {error}", "Save it as UTF-8 text") from error


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes whenever a file is replaced or written."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def _own_platforms(settings: Settings) -> list[Platform]:
    return [Platform(id=name, zh=row.zh, en=row.en, disc=row.disc) for name, row in settings.platforms.items()]


def _as_custom(kind: Kind) -> Kind:
    return msgspec.structs.replace(kind, custom=True)
