"""The house: every part built once from the settings, and handed to who needs it."""

import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from bot.client import Client
from bot.fleet import Fleet
from bot.gateway import Gateway
from bot.inbound import Account, Gate
from bot.menu_gateway import MenuGateway
from bot.oauth import OAuth
from bot.publishing import PublishingGateway
from bot.tokens import Tokens
from bot.transport import Transport
from bot.vitals import Vitals
from config import Settings, masked
from content.publishing import Publishing
from content.texts import Texts
from handlers.actors import ACTORS
from handlers.commands.context import CommandContext, Serving
from handlers.context import Rules
from handlers.departures import ERASE_STEPS, MERGE_STEPS
from handlers.dispatch import Dispatcher
from handlers.jobs import JOBS
from handlers.lanes import SmsLane, send_sms
from handlers.tools import Tools
from kernel import readiness
from kernel.cache import connect
from kernel.clock import Clock, FollowedClock, SystemClock
from kernel.db import Database
from kernel.engine import make_engine
from kernel.file_store import FolderStore
from kernel.operator_sessions import SessionRules
from kernel.queue import Queue
from kernel.scheduler import Job, Scheduler
from kernel.valkey import embedded_url
from kernel.vault import vault_of
from loyalty.sold_out import SoldOut
from menus import wechat_tags
from menus.platform import MenuRules
from menus.tree import from_json
from pushes import holidays_occasions, notice_kinds
from pushes.calendar_greetings import Greetings
from pushes.channels import Lane
from pushes.clicks import Links
from pushes.proposals import Proposing
from web.wiring import Hall, Wiring

log = structlog.get_logger(__name__)


class House:
    """Builds each part once, from what it needs."""

    def __init__(
        self, settings: Settings, texts: Texts, greetings: Greetings, clock: Clock
    ) -> None:
        self.settings, self.texts, self.clock = settings, texts, clock
        self.greetings = greetings
        # A demo that travels in time leaves the phones with the operators' codes behind.
        self.wall = SystemClock() if isinstance(clock, FollowedClock) else clock
        self.var = Path(settings.var)
        self.redis_url = settings.redis.url or embedded_url(self.var)
        self.database = Database(make_engine(self._database_url(), pool_size=self._pool_size()))
        self.redis = connect(self.redis_url)
        security = settings.security
        self.vault = vault_of(
            security.field_keys.get_secret_value(), security.lookup_key.get_secret_value()
        )
        self.vitals = Vitals(self.redis, settings.wechat.app_id, clock.now)
        self.gateway, self.menus, self.sign_in = self._wechat()
        # Set by whoever ends a worker: what has begun is settled, nothing else begins.
        self.stopping = threading.Event()
        self.policy, self.sold_out = settings.loyalty.policy(), SoldOut()
        self.tools = self._tools()
        self.queue = Queue(
            settings.queue.url or self.redis_url,
            {name: partial(work, self.tools) for name, work in ACTORS.items()},
        )
        self.jobs = [
            Job(name, every, partial(run, self.tools)) for name, (every, run) in JOBS.items()
        ]

    def _tools(self) -> Tools:
        settings = self.settings
        return Tools(
            self.database,
            self.clock,
            self.vault,
            settings.sms.sender(self.clock),
            self.gateway,
            self._put,
            Links(settings.web.base_url, self.vault.digest),
            self._lane,
            settings.pushes.rules(),
            self.policy,
            self.menus,
            MenuRules(settings.web.base_url, settings.menus.trial_tag),
            self.gateway,
            self.publishing,
            self.stopping.is_set,
            proposing=self._proposing(),
            occasion_days=holidays_occasions.days_of,
            wechat_tag=wechat_tags.id_of,
            notice_templates=notice_kinds.templates(settings.notices),
            notices=self.gateway,
        )

    def _put(self, name: str, item_id: int) -> bool:
        # The queue knows the actors and the actors use the queue: one of them must come later.
        return self.queue.put(name, item_id)

    def _lane(self, kind: str) -> Lane:
        """Calls in flight of one thread that sends: short messages, or everything of WeChat's."""
        if kind == "sms":
            return SmsLane(self.tools.sms, self.vault)
        return Fleet(self.settings.wechat.api_base, self.tokens, self.vitals.note)

    def _database_url(self) -> str:
        return self.settings.database.url or f"sqlite:///{self.var.resolve()}/weiting.sqlite3"

    def _pool_size(self) -> int:
        return self.settings.web.threads + 2

    def _wechat(self) -> tuple[Gateway, MenuGateway, OAuth]:
        wechat = self.settings.wechat
        secret = wechat.app_secret.get_secret_value()
        api = Transport(wechat.api_base, self.vitals.note)
        self.tokens = Tokens(api, wechat.app_id, secret, self.redis)
        client = Client(wechat.app_id, self.tokens, api)
        oauth = OAuth(wechat.app_id, secret, wechat.open_base, api)
        files, site = FolderStore(self.var / "media"), self.settings.web.base_url
        publisher = PublishingGateway(client)
        self.publishing = Publishing(publisher, files, site, wechat.article_links)
        return Gateway(client), MenuGateway(client), oauth

    def _proposing(self) -> Proposing:
        settings = self.settings
        name, site = settings.hall.name, settings.web.base_url
        return Proposing(self.greetings, name, site, settings.pushes.propose_days)

    def _hall(self) -> Hall:
        hall, web = self.settings.hall, self.settings.web
        return Hall(
            hall.name,
            web.base_url,
            self.settings.loyalty.consent_version,
            web.frame_ancestors,
            tuple(hall.link_domains),
            (hall.staff_from, hall.staff_until),
        )

    def wiring(self) -> Wiring:
        settings = self.settings
        dispatcher = self._dispatcher()
        return Wiring(
            database=self.database,
            clock=self.clock,
            wall=self.wall,
            vault=self.vault,
            texts=self.texts,
            hall=self._hall(),
            gate=Gate(self._account()),
            dispatch=dispatcher,
            explain=dispatcher.explain,
            rule_book=dispatcher.rules.book,
            sign_in=self.sign_in,
            policy=self.policy,
            sold_out=self.sold_out,
            erase_steps=ERASE_STEPS,
            merge_steps=MERGE_STEPS,
            session_rules=SessionRules(
                timedelta(minutes=settings.console.idle_minutes),
                timedelta(hours=settings.console.session_hours),
                frozenset(settings.console.second_factor_roles),
            ),
            menus=self.menus,
            files=self.publishing.files,
            menu_rules=self.tools.menu_rules,
            nudge=self.queue.put,
            ready=partial(readiness.look, self.database, self.redis, self.queue, self.clock),
            condition=self.vitals.look,
            quota=self.gateway.quota,
            push_rules=self.tools.push_rules,
            push_links=self.tools.links,
            push_preview=self.gateway,
            sms_trial=partial(send_sms, self.tools.sms, self.vault),
            occasion_days=holidays_occasions.days_of,
            occasion_names=holidays_occasions.names(),
        )

    def _account(self) -> Account:
        wechat = self.settings.wechat
        return Account(
            wechat.app_id,
            wechat.token.get_secret_value(),
            wechat.aes_key.get_secret_value(),
            wechat.mode,
        )

    def _dispatcher(self) -> Dispatcher:
        hall = self.settings.hall
        return Dispatcher(
            self.database,
            self.texts,
            Rules(
                self.policy,
                self.settings.web.base_url,
                (hall.staff_from, hall.staff_until),
                self.vault,
                self.sold_out,
                hall.staff,
                trial_tag=self.settings.menus.trial_tag,
            ),
        )

    def command_context(self) -> CommandContext:
        settings = self.settings
        return CommandContext(
            database=self.database,
            clock=self.clock,
            wall=self.wall,
            vault=self.vault,
            texts=self.texts,
            policy=self.policy,
            gateway=self.gateway,
            queue=self.queue,
            scheduler=Scheduler(self.jobs, self.database, self.clock),
            menu=from_json([hall.model_dump() for hall in settings.menu]),
            hall_folder=Path(settings.hall.content),
            var=self.var,
            serving=self._serving(),
            settings_shown=masked(settings),
            tools=self.tools,
            stopping=self.stopping,
            link_domains=tuple(settings.hall.link_domains),
        )

    def _serving(self) -> Serving:
        web, emulator = self.settings.web, self.settings.emulator
        return Serving(
            host=web.host,
            port=web.port,
            base_url=web.base_url,
            workers=web.workers,
            threads=web.threads,
            redis_embedded=not self.settings.redis.url,
            emulator=_emulator_environment(self.settings) if emulator.enabled else None,
            emulator_port=emulator.port,
        )


def _emulator_environment(settings: Settings) -> dict[str, str]:
    """What the emulator is told, so that it and the hall agree."""
    wechat = settings.wechat
    return {
        "EMULATOR_APP_ID": wechat.app_id,
        "EMULATOR_APP_SECRET": wechat.app_secret.get_secret_value(),
        "EMULATOR_ORIGINAL_ID": wechat.original_id,
        "EMULATOR_NAME": settings.hall.name,
        "EMULATOR_CALLBACK_URL": f"{settings.web.base_url}/wechat",
        "EMULATOR_TOKEN": wechat.token.get_secret_value(),
        "EMULATOR_AES_KEY": wechat.aes_key.get_secret_value(),
        "EMULATOR_MODE": wechat.mode,
        "EMULATOR_PORT": str(settings.emulator.port),
        "EMULATOR_STATE": f"{settings.var}/emulator/state.json",
    }
