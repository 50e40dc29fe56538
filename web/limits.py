"""Rate limits, by route; counted in Redis, in the process's memory while Redis is away."""

from typing import Any

from flask import Flask, request, session
from flask_limiter import Limiter

from kernel.cache import CALL_SECONDS

LIMITS = {
    # Counted by address, and phones of one carrier share an address.
    "links.open_link": "1200 per minute",
    "site.sign_in.start": "600 per minute",
    "site.sign_in.finish": "600 per minute",
    "site.registration.send_code": "5 per minute; 20 per hour",
    "site.registration.create": "10 per minute; 60 per hour",
    "site.check_ins.create": "20 per minute",
    "site.make_ups.create": "10 per minute",
    "site.check_ins.claim_reward": "20 per minute",
    "site.check_ins.choose_reminder": "10 per minute",
    "site.batches.create": "30 per minute",
    "site.rewards.create": "10 per minute",
    "site.reward_orders.cancel": "10 per minute",
    "site.reward_orders.receive": "10 per minute",
    "site.profile.save": "10 per minute",
    "site.consents.give": "10 per minute",
    "site.consents.withdraw": "10 per minute",
    "site.phone.send_code": "5 per minute; 20 per hour",
    "site.phone.change": "10 per minute; 30 per hour",
    "site.my_data.show": "10 per minute",
    "site.my_data.download": "5 per minute; 20 per hour",
    "site.leaving.leave": "5 per minute",
    "site.articles.note_share": "20 per minute",
    "site.products.apply": "10 per minute",
    "site.applications.cancel": "10 per minute",
    "site.redemptions.show_form": "30 per minute",
    "site.redemptions.create": "30 per minute",
    "site.redemption_undos.create": "20 per minute",
    # Reads whole tables.
    "console.books.prove": "6 per minute",
    "console.imports.preview": "20 per minute",
    "console.imports.start": "20 per minute",
    # Asked while people type, at most every 0.6 seconds; colleagues share an address.
    "console.compliance.check": "600 per minute",
    "console.home.show_quotas": "10 per minute",
    "console.sign_in.sign_in": "10 per minute; 50 per hour",
    "console.sign_in.check_code": "10 per minute; 50 per hour",
    "console.confirm.confirm": "10 per minute; 50 per hour",
    "console.account.change_password": "10 per minute; 30 per hour",
    "console.second_factor.confirm": "10 per minute; 50 per hour",
    "console.invited.show": "30 per minute",
    "console.invited.accept": "10 per minute; 50 per hour",
}


def caller() -> str:
    """Who is counted: the visitor whom WeChat confirmed, else the network address."""
    openid = session.get("openid")
    return f"openid:{openid}" if openid else f"address:{request.remote_addr}"


def limit(app: Flask, redis_url: str) -> None:
    """Hang the table on the app's views; a Redis that is dead or frozen holds nobody up."""
    bounded: Any = {"socket_timeout": CALL_SECONDS, "socket_connect_timeout": CALL_SECONDS}
    limiter = Limiter(
        caller,
        app=app,
        # `limits` spells sockets its own way; a frozen Redis must not hold a page.
        storage_uri=redis_url.replace("unix://", "redis+unix://"),
        storage_options=bounded,
        in_memory_fallback_enabled=True,
        swallow_errors=True,
    )
    for endpoint, most in LIMITS.items():
        limited: Any = limiter.limit(most)(app.view_functions[endpoint])
        app.view_functions[endpoint] = limited

    # The extension's hook looks for default limits, of which we have none, before each request,
    # and costs every callback more than Flask does; limits on views are checked by the views.
    hooks = app.before_request_funcs[None]
    app.before_request_funcs[None] = [
        hook for hook in hooks if getattr(hook, "__self__", None) is not limiter
    ]
