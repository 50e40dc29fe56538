"""Rate limits, by route; counted in Redis, in the process's memory while Redis is away."""

from flask import request, session

LIMITS = {
    # Counted by address, and phones of one carrier share an address.
    "site.sign_in.start": "600 per minute",
    "site.sign_in.finish": "600 per minute",
    "site.registration.send_code": "5 per minute; 20 per hour",
    "site.registration.create": "10 per minute; 60 per hour",
    "site.check_ins.create": "20 per minute",
    "site.coupons.create": "30 per minute",
    "site.products.apply": "10 per minute",
    "site.applications.cancel": "10 per minute",
    "site.redemptions.show_form": "30 per minute",
    "site.redemptions.create": "30 per minute",
    "console.sign_in.sign_in": "10 per minute; 50 per hour",
}


def caller() -> str:
    """Who is counted: the visitor whom WeChat confirmed, else the network address."""
    openid = session.get("openid")
    return f"openid:{openid}" if openid else f"address:{request.remote_addr}"
