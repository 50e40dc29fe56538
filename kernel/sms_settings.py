"""The part of a configuration that short messages read, and the provider that it makes."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from kernel.clock import Clock
from kernel.fields import Address, MaybeAddress, Section
from kernel.sms import HttpSms, SmsSender
from kernel.sms_aliyun import ENDPOINT as ALIYUN
from kernel.sms_aliyun import AliyunAccount, AliyunSms
from kernel.sms_tencent import ENDPOINT as TENCENT
from kernel.sms_tencent import TencentAccount, TencentSms

# The templates that the hall sends, by our names for them.
NEEDED = frozenset({"code"})

Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Key = Annotated[SecretStr, Field(min_length=8, max_length=200)]


class TencentSection(Section):
    secret_id: Word
    secret_key: Key
    app_id: Annotated[str, StringConstraints(pattern=r"^\d{6,20}$")]
    sign_name: Word
    templates: dict[str, Word]
    region: Word = "ap-guangzhou"
    endpoint: Address = TENCENT


class AliyunSection(Section):
    access_key_id: Word
    access_key_secret: Key
    sign_name: Word
    templates: dict[str, Word]
    endpoint: Address = ALIYUN


class SmsSection(Section):
    provider: Literal["http", "tencent", "aliyun"] = "http"
    url: MaybeAddress = ""
    tencent: TencentSection | None = None
    aliyun: AliyunSection | None = None

    @model_validator(mode="after")
    def _provider_is_described(self) -> Self:
        if self.provider == "http":
            if not self.url:
                raise ValueError("provider http needs url")
            return self
        account = self.tencent if self.provider == "tencent" else self.aliyun
        if account is None:
            raise ValueError(f"provider {self.provider} needs the section {self.provider}")
        missing = ", ".join(sorted(NEEDED - set(account.templates)))
        if missing:
            raise ValueError(f"{self.provider}.templates lacks {missing}")
        return self

    def sender(self, clock: Clock) -> SmsSender:
        """The provider that was chosen."""
        if self.provider == "tencent" and self.tencent is not None:
            values = self.tencent.model_dump(exclude={"secret_key"})
            key = self.tencent.secret_key.get_secret_value()
            return TencentSms(TencentAccount(**values, secret_key=key), clock)
        if self.provider == "aliyun" and self.aliyun is not None:
            values = self.aliyun.model_dump(exclude={"access_key_secret"})
            key = self.aliyun.access_key_secret.get_secret_value()
            return AliyunSms(AliyunAccount(**values, access_key_secret=key), clock)
        return HttpSms(self.url)
