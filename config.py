"""Configuration: environment over secret files over config.yaml, checked before anything starts.

Errors name the key and the reason, never the value: a value may be a secret.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from kernel.fields import (
    Address,
    Count,
    MaybeAddress,
    Number,
    Port,
    Section,
    Switch,
    TimeOfDay,
)
from kernel.roles import ROLES
from kernel.server_settings import DatabaseSection, QueueSection, RedisSection
from kernel.sms_settings import SmsSection
from kernel.vault import vault_of
from kernel.yaml import YamlRefused, load_strict
from loyalty.settings import LoyaltySection
from pushes import notice_kinds
from pushes.notice_kinds import NoticeEntry
from pushes.settings import PushesSection

Host = Annotated[str, Field(pattern=r"^([a-z0-9-]{1,63}\.)+[a-z]{2,24}$")]
PREFIX = "WEITING_"
SAMPLE_SECRET = "changeme"  # noqa: S105 - the value that we refuse


class ConfigError(Exception):
    """The configuration cannot be used; the text says where and why, in one line each."""


class HallSection(Section):
    name: str = Field(min_length=1, max_length=30)
    content: str
    staff_from: TimeOfDay
    staff_until: TimeOfDay
    staff: Literal["console", "wechat"] = "console"
    link_domains: tuple[Host, ...] = ()


class WeChatSection(Section):
    app_id: str = Field(pattern=r"^wx[0-9a-f]{16}$")
    app_secret: SecretStr = Field(min_length=32, max_length=32)
    original_id: str = Field(pattern=r"^gh_[0-9a-zA-Z]{4,30}$")
    token: SecretStr = Field(min_length=16, max_length=32)
    aes_key: SecretStr = SecretStr("")
    mode: Literal["plain", "compatible", "safe"] = "safe"
    article_links: Switch = False
    api_base: Address = "https://api.weixin.qq.com"
    open_base: Address = "https://open.weixin.qq.com"

    @model_validator(mode="after")
    def _aes_key_fits_mode(self) -> Self:
        key = self.aes_key.get_secret_value()
        if self.mode == "plain" and not key:
            return self
        if not re.fullmatch(r"[A-Za-z0-9]{43}", key):
            raise ValueError(
                "aes_key must be 43 letters and digits (or mode: plain without a key)"
            )
        return self


class WebSection(Section):
    host: str = "127.0.0.1"
    port: Port = 8000
    base_url: Address = "http://127.0.0.1:8000"
    workers: Count = 2
    threads: Count = 8
    trusted_proxies: Annotated[Number, Field(ge=0, le=5)] = 0
    frame_ancestors: MaybeAddress = ""


class EmulatorSection(Section):
    enabled: Switch = False
    port: Port = 8100


class ConsoleSection(Section):
    idle_minutes: Count = 30
    session_hours: Count = 8
    second_factor_roles: tuple[str, ...] = ()

    @field_validator("second_factor_roles")
    @classmethod
    def _roles_exist(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        for role in roles:
            if role not in ROLES:
                raise ValueError(f"no such role, choose from {', '.join(ROLES)}")
        return roles


class MenusSection(Section):
    trial_tag: str = Field(default="trial", min_length=1, max_length=40)


class MenuEntry(Section):
    name: str
    key: str | None = None
    page: str | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.key is None) == (self.page is None):
            raise ValueError("needs either a key or a page")
        return self


class MenuHall(Section):
    name: str
    entries: list[MenuEntry]


class SecuritySection(Section):
    """Secrets of our own; `make run` makes them once under var/secrets."""

    session_key: SecretStr = Field(min_length=32)
    field_keys: SecretStr = Field(min_length=40)
    lookup_key: SecretStr = Field(min_length=40)

    @model_validator(mode="after")
    def _keys_open(self) -> Self:
        try:
            vault_of(self.field_keys.get_secret_value(), self.lookup_key.get_secret_value())
        except ValueError:
            raise ValueError(
                "field_keys and lookup_key must hold base64 keys of 32 bytes"
            ) from None
        return self


class Settings(BaseSettings):
    """All settings of a process, frozen."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        secrets_nested_delimiter="__",
    )

    hall: HallSection
    wechat: WeChatSection
    database: DatabaseSection = DatabaseSection()
    redis: RedisSection = RedisSection()
    queue: QueueSection = QueueSection()
    web: WebSection = WebSection()
    emulator: EmulatorSection = EmulatorSection()
    sms: SmsSection
    console: ConsoleSection = ConsoleSection()
    loyalty: LoyaltySection
    pushes: PushesSection = PushesSection()
    notices: dict[str, NoticeEntry] = Field(default_factory=dict)
    menus: MenusSection = MenusSection()
    menu: list[MenuHall]
    security: SecuritySection
    var: str = "var"

    @model_validator(mode="after")
    def _notices_can_be_sent(self) -> Self:
        notice_kinds.check(self.notices)
        return self

    @model_validator(mode="after")
    def _no_sample_secrets(self) -> Self:
        secrets = {
            "wechat.app_secret": self.wechat.app_secret,
            "wechat.token": self.wechat.token,
            "security.session_key": self.security.session_key,
        }
        for name, secret in secrets.items():
            if SAMPLE_SECRET in secret.get_secret_value().lower():
                raise ValueError(f"{name} still holds its sample value")
        return self


def load(path: str | Path = "config.yaml", secrets_dir: str | Path | None = None) -> Settings:
    """Read and check everything. Raises ConfigError with one line for each mistake."""
    try:
        values = load_strict(Path(path))
    except YamlRefused as error:
        raise ConfigError(f"{path}: {error}") from error
    _refuse_unknown_variables()
    folder = Path(secrets_dir or os.environ.get("WEITING_SECRETS_DIR", "var/secrets"))
    _refuse_unknown_files(folder)
    try:
        return _settings_class(values, folder).model_validate({})
    except ValidationError as error:
        raise ConfigError("\n".join(_line(item) for item in error.errors())) from None


def _line(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "config"
    # `input` is left out on purpose: it may be the secret itself.
    return f"{where}: {item['msg'].removeprefix('Value error, ')}"


def _refuse_unknown_variables() -> None:
    """Pydantic ignores an unknown first section in the environment; a typo there must be loud."""
    known = {*Settings.model_fields, "config", "secrets_dir"}
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            section = name[len(PREFIX) :].lower().split("__")[0]
            if section not in known:
                raise ConfigError(f"environment variable {name}: no such setting")


def _refuse_unknown_files(folder: Path) -> None:
    """The same for secret files; one without `__` in its name, such as a README, is not ours."""
    for file in sorted(folder.glob("*__*")):
        if file.name.lower().split("__")[0] not in Settings.model_fields:
            raise ConfigError(f"secret file {file.name}: no such setting")


def _settings_class(values: dict[str, Any], folder: Path) -> type[Settings]:
    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings
            files = NestedSecretsSettingsSource(
                file_secret_settings,
                secrets_dir=str(folder),
                secrets_dir_missing="ok",
                secrets_prefix="",
                secrets_nested_delimiter="__",
            )
            return init_settings, env_settings, files, _Values(settings_cls, values)

    return Sourced


class _Values(PydanticBaseSettingsSource):
    """What the file says, already parsed by our strict loader."""

    def __init__(self, settings_cls: type[BaseSettings], values: dict[str, Any]) -> None:
        super().__init__(settings_cls)
        self._values = values

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        del field
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


def masked(settings: Settings) -> str:
    """The settings in force as YAML, secrets and passwords in addresses made unreadable."""
    values = settings.model_dump(mode="json")
    for name in ("staff_from", "staff_until"):
        values["hall"][name] = values["hall"][name][:5]
    for name in ("quiet_from", "quiet_until"):
        values["pushes"][name] = values["pushes"][name][:5]
    values["sms"]["url"] = values["sms"]["url"].split("?")[0]  # a gateway's key stands there
    for section in ("database", "redis", "queue"):
        # A password may itself hold `/` and `@`: everything up to the last `@` goes.
        url = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", values[section]["url"])
        values[section]["url"] = re.sub(r"(pass(?:word|wd)?=)[^&]*", r"\1***", url, flags=re.I)
    return yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
