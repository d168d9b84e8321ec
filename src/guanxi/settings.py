"""The one settings tree: typed rows, each with a default and a sentence."""

import os
import tomllib
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from guanxi.core import SettingError
from guanxi.traits.metrics import SCORES, RfmCuts, Variant

FILE: Final = "guanxi.toml"
SECRETS: Final = "GUANXI_SECRET_"  # variables that begin so hold secrets of senders; no other names are needed
SenderKind = Literal["file", "webhook", "adapter", "mail", "wecom", "dingtalk", "feishu"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Serve(_Section):
    """How the processes listen."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; loopback unless a proxy stands in front.")
    desk_port: int = Field(default=8600, ge=0, le=65535, description="Port of the API and the page.")
    gate_port: int = Field(default=8601, ge=0, le=65535, description="Port of the ingest listener.")
    allowed_hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost", "[::1]"), description="Host names that requests may carry."
    )
    secure_cookies: bool = Field(
        default=False, description="Mark cookies Secure; set it when the page is served by HTTPS."
    )


class Limits(_Section):
    """What one request may carry and how often."""

    body_bytes: int = Field(default=5_000_000, gt=0, description="Largest request body as sent, in bytes.")
    inflated_bytes: int = Field(
        default=32_000_000, gt=0, description="Largest request body after decompression, in bytes."
    )
    upload_bytes: int = Field(
        default=2_000_000_000, gt=0, description="Largest file that the page may bring, in bytes."
    )
    batch_events: int = Field(default=1_000, gt=0, description="Most events in one batch.")
    requests_per_second: float = Field(
        default=200.0, gt=0, description="Requests per second that one key may make, sustained."
    )
    request_burst: int = Field(default=1_000, gt=0, description="Requests that one key may make at once.")
    logins_per_minute: int = Field(
        default=10, gt=0, description="Failed sign-ins per minute and address before a pause."
    )


class Log(_Section):
    """How the log seals its rows."""

    seal_rows: int = Field(default=50_000, gt=0, description="Hot rows that make the keeper seal at once.")
    seal_seconds: float = Field(default=60.0, gt=0, description="Seconds after which even a few hot rows are sealed.")
    tidy_seconds: float = Field(default=600.0, gt=0, description="Seconds between two compactions of the lake.")


class Traits(_Section):
    """Which traits the gate keeps beside the log, to answer at once; how people stand among all others."""

    live: bool = Field(
        default=False, description="Keep traits in the gate's memory; about 2 kB for each account, device and address."
    )
    uses: tuple[Literal["risk", "profile"], ...] = Field(
        default=("risk",), min_length=1, description="The uses of the traits that are kept."
    )
    ranks: bool = Field(
        default=True, description="Rank the traits of each person among those of all people, once a day."
    )


class Freshness(_Section):
    """How old the newest event of a platform may be before its numbers count as late."""

    default_hours: float = Field(default=24.0, gt=0, description="Hours that a platform's newest event may be old.")
    hours: dict[str, float] = Field(
        default={}, description="Hours for single platforms, by id: `[freshness.hours]`, `app = 0.5`."
    )


class Rfm(_Section):
    """How buyers are scored 1 to 5 by recency, frequency and money."""

    variant: Variant = Field(
        default="quantile",
        description='"quantile": by fifths of all buyers; "rule": by the bounds below; a question may ask for either.',
    )
    recency_days: tuple[int, ...] = Field(
        default=RfmCuts().recency_days,
        description="Four rising bounds in days since the last order: below the first scores 5, from the last on 1.",
    )
    orders: tuple[int, ...] = Field(
        default=RfmCuts().orders,
        description="Four rising bounds in orders: below the first scores 1, from the last on 5.",
    )
    amount_yuan: tuple[Decimal, ...] = Field(
        default=(),
        description="Four rising bounds in yuan paid, or units of the orders' other money: below the first scores 1,"
        " from the last on 5; empty: fifths of the buyers, since what is much depends on the shop.",
    )

    @field_validator("recency_days", "orders", "amount_yuan", mode="after")
    @classmethod
    def _rising(cls, bounds: tuple[Any, ...], about: ValidationInfo) -> tuple[Any, ...]:
        optional = about.field_name == "amount_yuan"
        rising = all(low < high for low, high in pairwise(bounds))
        if (optional and not bounds) or (len(bounds) == SCORES - 1 and rising and bounds[0] > 0):
            return bounds
        raise PydanticCustomError(
            "bounds", "[{given}] is not usable: write {count} numbers above 0, each larger than the one before{empty}",
            {"given": ", ".join(map(str, bounds)), "count": SCORES - 1, "empty": ", or []" if optional else ""},
        )  # fmt: skip


class Approvals(_Section):
    """When a person must agree before anybody is touched, how many of them, and for how long."""

    four_eyes_people: int = Field(
        default=1_000, ge=0, description="People touched above which two must approve; 0: always two."
    )
    four_eyes_yuan: Decimal = Field(
        default=Decimal(10_000), ge=0, description="Cost in yuan above which two must approve."
    )
    lapse_hours: float = Field(
        default=72.0, gt=0, le=24 * 365, description="Hours after which what nobody approved lapses."
    )
    most_people: int = Field(
        default=200_000, gt=0, description="Most people that one proposal may touch; more cannot be proposed at all."
    )
    notices: tuple[Literal["wecom", "dingtalk", "feishu", "webhook", "mail"], ...] = Field(
        default=(),
        description="Channels that tell operators when an approval opens, each with a sender; empty: all robots.",
    )


class SdkKey(_Section):
    """A key that an SDK sends in its own form, such as a project id, and what it may do."""

    key: str = Field(min_length=1, description="The key text as the SDK sends it.")
    scope: Literal["client", "server"] = Field(default="client", description="What its holder may send.")
    label: str = Field(default="", description="A name for people.")


_VARIABLE: Final = r"^([A-Z][A-Z0-9_]{0,63})?$"  # of the environment; tokens and secrets have another form


class SenderRow(_Section):
    """A way by which actions of some channels leave."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="Its name, a lower-case word.")
    kind: SenderKind = Field(description="How it sends; see docs/senders.md.")
    channels: tuple[str, ...] = Field(min_length=1, description="Channels that leave by it, each by one sender alone.")
    url: str = Field(default="", description="Where it sends to, without any secret; robots have one of their own.")
    path: str = Field(default="", description="Kind file: the file that it adds lines to, in the workspace's folder.")
    secret_env: str = Field(
        default="",
        pattern=_VARIABLE,
        description="Name of the environment variable that holds its signing secret or password.",
    )
    token_env: str = Field(
        default="",
        pattern=_VARIABLE,
        description="Robots: name of the environment variable that holds the token of their address.",
    )
    user: str = Field(default="", description="Kind mail: who signs in; empty: nobody does.")
    mail_from: str = Field(default="", description="Kind mail: the address that messages come from.")
    mail_to: str = Field(default="", description="Kind mail: where notices to operators go.")
    allow_private: bool = Field(
        default=False, description="Let it reach addresses that are not public, and without encryption."
    )
    rate: int = Field(default=0, ge=0, description="Most attempts a minute; 0: no bound, for robots 20.")
    at_once: int = Field(default=8, ge=1, le=256, description="Most attempts under way at the same moment.")
    keys: bool = Field(default=False, description="The receiver does once what it hears twice under one key.")
    asks: bool = Field(default=False, description="Kind adapter: the receiver can be asked whether it did something.")
    doubt: Literal["again", "person"] = Field(
        default="again",
        description='After an attempt without an answer: "again" tries again, "person" leaves it to a person;'
        " receivers with keys, or that can be asked, are tried again in any case.",
    )


class PlatformRow(_Section):
    """A platform of the workspace's own."""

    zh: str = Field(description="Chinese name.")
    en: str = Field(default="", description="English name; the id when left out.")
    disc: str = Field(default="", max_length=1, description="The character that stands for it in pictures.")


class Settings(BaseSettings):
    """All settings of a workspace, from `guanxi.toml` and GUANXI_… variables (GUANXI_SERVE__GATE_PORT=9000)."""

    model_config = SettingsConfigDict(
        env_prefix="GUANXI_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    serve: Serve = Field(default=Serve(), description="How the processes listen.")
    limits: Limits = Field(default=Limits(), description="What one request may carry and how often.")
    log: Log = Field(default=Log(), description="How the log seals its rows.")
    traits: Traits = Field(default=Traits(), description="Which traits the gate keeps in memory, and ranks.")
    freshness: Freshness = Field(default=Freshness(), description="How old the newest event of a platform may be.")
    rfm: Rfm = Field(default=Rfm(), description="How buyers are scored by recency, frequency and money.")
    approvals: Approvals = Field(default=Approvals(), description="When a person must agree first, and how many.")
    keys: tuple[SdkKey, ...] = Field(default=(), description="Keys that SDKs send in their own form.")
    senders: tuple[SenderRow, ...] = Field(default=(), description="Ways by which messages, coupons and notices leave.")
    platforms: dict[str, PlatformRow] = Field(default={}, description="Platforms of the workspace's own, by id.")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """Environment first, then the file."""
        return env_settings, init_settings


def load(folder: Path) -> Settings:
    """Return the settings of a workspace.

    raises  SettingError naming the row, its value and what is allowed
    """
    path = folder / FILE
    document: dict[str, Any] = {}
    if path.exists():
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingError(f"{FILE} is not TOML: {error}", "Mend the line it names") from error
        except OSError as error:
            raise SettingError(
                f"{FILE} cannot be read: {error.strerror}", "Make it a file this user may read"
            ) from error
    known = {"WORKSPACE", "DATA", "VENV", "PYTHON"}  # variables of the command line, the tests and the bootstrap
    names = [
        name for name in os.environ
        if name.startswith("GUANXI_") and not name.startswith(SECRETS) and name.removeprefix("GUANXI_") not in known
    ]  # fmt: skip
    stray = [name for name in names if name.removeprefix("GUANXI_").split("__")[0].lower() not in Settings.model_fields]
    if stray:
        raise SettingError(f"the variable {stray[0]} is not a setting", "See docs/settings.md")
    try:
        found = Settings(**document)
    except ValidationError as error:
        raise _unusable(error.errors()[0]) from None
    except SettingsError as error:  # a variable that should hold JSON
        raise SettingError(
            f"a GUANXI_… variable is not JSON: {error}", "Set one row, such as GUANXI_SERVE__GATE_PORT=9000"
        ) from None
    keys = [row.key for row in found.keys]
    if len(set(keys)) < len(keys):
        raise SettingError(f"two rows of [[keys]] in {FILE} hold the same key", "Leave one of them out", "keys")
    for what, words in (("name", [row.name for row in found.senders]),
                        ("channel", [one for row in found.senders for one in row.channels])):  # fmt: skip
        if twice := next((word for word in words if words.count(word) > 1), ""):
            raise SettingError(f"two rows of [[senders]] have the {what} {twice!r:.40}", "Change one", "senders")
    return found


def secret(name: str) -> str:
    """Return what an environment variable holds that a row of [[senders]] names; "" when it is not set."""
    return os.environ.get(name, "")


def _unusable(first: ErrorDetails) -> SettingError:
    where = ".".join(str(part) for part in first["loc"])
    value = first["input"]
    # A row of [[keys]] holds a secret, and one of [[senders]] may by mistake, so their values are not repeated.
    told = isinstance(value, str | int | float) and first["loc"][0] not in ("keys", "senders")
    received = f" is {value!r}" if told else ""
    variable = "GUANXI_" + "__".join(str(part).upper() for part in first["loc"])
    given = variable in os.environ or f"GUANXI_{str(first['loc'][0]).upper()}" in os.environ
    place = f"the variable {variable}" if given else FILE
    return SettingError(
        f"the setting {where}{received}: {first['msg']}", f"Change it in {place}; see docs/settings.md", where
    )


def rows() -> list[tuple[str, str, str]]:
    """Return (name, default, sentence) of every setting, in order."""
    found: list[tuple[str, str, str]] = []
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, _Section):
            for name, row in kind.model_fields.items():
                found.append((f"{section}.{name}", repr(row.default), row.description or ""))
        else:
            found.append((section, repr(field.default), field.description or ""))
    for prefix, kind in (("keys[]", SdkKey), ("senders[]", SenderRow), ("platforms.<id>", PlatformRow)):
        found.extend(
            (f"{prefix}.{name}", repr(row.default), row.description or "") for name, row in kind.model_fields.items()
        )
    return found


def document() -> str:
    """Return docs/settings.md."""
    lines = [
        "# Settings", "",
        f"Settings live in `{FILE}` in the workspace; a variable such as `GUANXI_SERVE__GATE_PORT=9000` overrides one.",
        "", "| setting | default | meaning |", "|---|---|---|",
    ]  # fmt: skip
    for name, default, sentence in rows():
        shown = "required" if default == "PydanticUndefined" else f"`{default}`"
        lines.append(f"| `{name}` | {shown} | {sentence} |")
    return "\n".join(lines) + "\n"
