"""The platform as one object: account, clock, state, faults, background work."""

from dataclasses import dataclass, field

from emulator.background import Background
from emulator.clock import Clock
from emulator.faults import Faults
from emulator.settings import Mode, Settings
from emulator.state import Json, State
from emulator.store import Store
from emulator.templates_on_file import seed_templates


@dataclass
class Account:
    """The service account; not part of the snapshot, it comes from the settings each time.

    `withdrawn` are API paths answered with 48001, `banned` answers all with 48004,
    `allowed_ips` empty means that no whitelist is kept.
    """

    app_id: str
    app_secret: str
    original_id: str
    name: str
    intro: str
    callback_url: str
    token: str
    aes_key: str
    mode: Mode
    oauth_domains: list[str]
    banned: bool = False
    withdrawn: list[str] = field(default_factory=list)
    allowed_ips: list[str] = field(default_factory=list)
    linked_apps: list[str] = field(default_factory=list)


class Platform:
    """What every part of the emulator is handed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.state_path, settings.snapshot_delay_seconds)
        self.account = open_account(settings)
        self.faults = Faults()
        self.background = Background(settings.job_delay_seconds)
        self.minute_counts: dict[tuple[str, int], int] = {}
        self.cookies: dict[str, list[Json]] = {}
        seed_templates(self.state)

    @property
    def state(self) -> State:
        return self.store.state

    @property
    def clock(self) -> Clock:
        return Clock(self.store.state)

    def take_id(self) -> int:
        """The next of the ids that grow for ever, above 2^53."""
        self.state.next_id += 1
        return self.state.next_id

    def reset(self) -> None:
        """As on the first day: no users, no menu, no faults, the clock in the present."""
        with self.store.lock:
            fresh = State()
            fresh.next_id = self.state.next_id  # ids are never given twice in one life
            seed_templates(fresh)
            self.account = open_account(self.settings)
            self.minute_counts.clear()
            self.cookies.clear()
            self.faults.clear()
            self.store.replace(fresh)

    def close(self) -> None:
        """Stop the background and write the last snapshot."""
        self.store.closing.set()
        self.background.close()
        self.store.close()


def open_account(settings: Settings) -> Account:
    """The account as the settings describe it."""
    return Account(
        app_id=settings.app_id,
        app_secret=settings.app_secret,
        original_id=settings.original_id,
        name=settings.name,
        intro=settings.intro,
        callback_url=settings.callback_url,
        token=settings.token,
        aes_key=settings.aes_key,
        mode=settings.mode,
        oauth_domains=list(settings.oauth_domains),
    )
