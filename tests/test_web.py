"""What every answer carries, who sees the figures, and what a dead dependency costs."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from kernel import lease
from kernel.db import Database
from kernel.scheduler import LEASE
from tests.world import Hall, MovableClock, make_hall, make_settings
from web.limits import LIMITS

PAGES = ["/site/products", "/site/articles/about", "/console/sign-in", "/nothing", "/site/nothing"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_carries_its_security_headers(hall: Hall, page: str) -> None:
    headers = hall.client.get(page, headers={"Accept": "text/html"}).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "default-src 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert len(headers["X-Request-Id"]) >= 8


def test_only_the_mini_site_may_be_framed_and_only_where_configured(hall: Hall) -> None:
    def ancestors(page: str) -> str:
        policy = hall.client.get(page).headers["Content-Security-Policy"]
        return policy.split("frame-ancestors ")[1]

    assert ancestors("/site/products") == hall.settings.web.frame_ancestors
    assert ancestors("/console/sign-in") == "'none'"


def test_a_request_id_is_taken_over_only_when_it_is_one(hall: Hall) -> None:
    def answered(given: str) -> str:
        return hall.client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]

    assert answered("abcdef-123456") == "abcdef-123456"
    assert answered('x"\r<script>'.replace("\r", " ")) != 'x" <script>'


def test_console_and_mini_site_do_not_share_a_cookie(hall: Hall) -> None:
    site = hall.client.get("/site/sign-in").headers.getlist("Set-Cookie")
    console = hall.client.get("/console/sign-in").headers.getlist("Set-Cookie")
    assert any(c.startswith("weiting=") and "Path=/;" in f"{c};" for c in site)
    assert any("SameSite=Lax" in c and "HttpOnly" in c for c in site)
    assert all(c.startswith("weiting_console=") and "Path=/console" in c for c in console)
    assert all("SameSite=Strict" in c and "HttpOnly" in c for c in console)


def test_figures_are_for_the_house_only(hall: Hall) -> None:
    inside = hall.client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.7"})
    outside = hall.client.get("/metrics", environ_base={"REMOTE_ADDR": "8.8.8.8"})
    assert (inside.status_code, outside.status_code) == (200, 404)
    assert "weiting_callbacks" in inside.text


def test_readiness_names_what_answers(hall: Hall) -> None:
    assert hall.client.get("/readyz").json == {
        "database": True,
        "redis": True,
        "scheduler": False,
        "worker": False,
    }

    def lead(session: Session) -> bool:
        return lease.take(session, LEASE, "somebody", hall.clock.now(), 60)

    hall.database.transaction(lead)
    answer = hall.client.get("/readyz")
    assert (answer.status_code, answer.json["scheduler"]) == (200, True)  # type: ignore[index]


def test_a_hall_without_redis_still_answers(
    sqlite: Database, clock: MovableClock, tmp_path: Path, anna: str
) -> None:
    settings = make_settings(tmp_path, sqlite, "redis://127.0.0.1:9/0")
    hall = make_hall(settings, sqlite, clock)
    hall.member(anna)
    assert "签到成功" in hall.say(anna, "签到")
    answer = hall.client.get("/readyz")
    assert (answer.status_code, answer.json["redis"]) == (200, False)  # type: ignore[index]
    hall.close()


def test_sign_ins_are_limited_by_address(hall: Hall) -> None:
    hall.app.config["WTF_CSRF_ENABLED"] = False
    # A login of its own each time: one alone would be locked before the address is.
    forms = [{"login": f"nobody{number}", "password": "wrong"} for number in range(11)]
    statuses = [hall.client.post("/console/sign-in", data=form).status_code for form in forms]
    assert set(statuses[:10]) == {401}
    assert statuses[10] == 429


def test_limits_name_routes_that_exist(hall: Hall) -> None:
    assert set(LIMITS) <= set(hall.app.view_functions)
