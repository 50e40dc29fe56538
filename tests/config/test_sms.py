"""Who sends short messages: a gateway, Tencent Cloud or Alibaba Cloud; keys only from outside."""

import pytest

from config import ConfigError, masked
from kernel.clock import SystemClock
from kernel.sms import HttpSms
from kernel.sms_aliyun import AliyunSms
from kernel.sms_tencent import TencentSms
from tests.config.place import SECRET, Place

PROVIDER = "  provider: http "
TENCENT = """  provider: tencent
  tencent:
    secret_id: AKIDz8krbsJ5yKBZQpn
    app_id: "1400006666"
    sign_name: 铁通掌厅
    templates: {code: "2100001"}
  #"""
ALIYUN = """  provider: aliyun
  aliyun:
    access_key_id: LTAI5tExample
    sign_name: 铁通掌厅
    templates: {code: SMS_154950909}
    endpoint: http://127.0.0.1:9
  #"""


def test_a_gateway_is_the_default(place: Place) -> None:
    assert isinstance(place.load().sms.sender(SystemClock()), HttpSms)


def test_tencent_cloud(place: Place) -> None:
    place.put(PROVIDER, TENCENT)
    place.hide("sms__tencent__secret_key", SECRET)
    settings = place.load()
    sender = settings.sms.sender(SystemClock())
    assert isinstance(sender, TencentSms)
    account = sender._account
    assert (account.secret_key, account.app_id) == (SECRET, "1400006666")
    assert account.templates == {"code": "2100001"}
    assert account.endpoint == "https://sms.tencentcloudapi.com"
    assert SECRET not in masked(settings)


def test_alibaba_cloud(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.put(PROVIDER, ALIYUN)
    monkeypatch.setenv("WEITING_SMS__ALIYUN__ACCESS_KEY_SECRET", SECRET)
    settings = place.load()
    sender = settings.sms.sender(SystemClock())
    assert isinstance(sender, AliyunSms)
    account = sender._account
    assert (account.access_key_secret, account.endpoint) == (SECRET, "http://127.0.0.1:9")
    assert SECRET not in masked(settings)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (PROVIDER, "  provider: pigeon ", "sms.provider: Input should be"),
        (PROVIDER, "  provider: tencent ", "sms: provider tencent needs the section tencent"),
        ("  url: http://127.0.0.1:8100/sms/send", "  # url", "sms: provider http needs url"),
        (PROVIDER, TENCENT, "sms.tencent.secret_key: Field required"),
        (
            PROVIDER,
            ALIYUN.replace("{code:", "{kode:").replace(
                "sign", "access_key_secret: abcdefgh\n    sign"
            ),
            "sms: aliyun.templates lacks code",
        ),
    ],
)
def test_each_mistake_is_told(place: Place, old: str, new: str, told: str) -> None:
    place.put(old, new)
    with pytest.raises(ConfigError, match=told):
        place.load()
