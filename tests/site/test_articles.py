"""Articles, announcements, branches and pictures on the mini-site."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import announcements, article_reads, article_revisions, articles, media, media_images
from content.announcements import Announcement
from content.article_revisions import Content
from content.media import Label
from content.reviews import Hand
from kernel import operators
from kernel.operators import NewOperator
from products.catalogue import Product
from tests.site.conftest import START, Phone, World

NASTY = "<script>alert(1)</script>"


def operator(db: Session) -> Hand:
    new = NewOperator("author", "author", "marketer", "a password of twelve")
    operators.create(db, new, START)
    found = operators.find(db, "author")
    assert found
    return Hand(found.id, START)


def put_live(world: World, content: Content, code: str = "about") -> None:
    def work(db: Session) -> None:
        article = articles.find(db, code)
        assert article
        article_revisions.show(db, article, content, START)

    world.write(work)


def picture(world: World, app: Flask) -> media.Media:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "green").save(out, "PNG")
    made = media_images.prepare(out.getvalue(), "a.png")
    made.keep(app.extensions["weiting"].files)
    return world.write(lambda db: media.add(db, made, Label("a.png", NASTY), operator(db)))  # type: ignore[no-any-return]


def test_everything_of_an_article_is_shown_and_nothing_runs(
    world: World, app: Flask, phone: Phone
) -> None:
    found = picture(world, app)
    body: tuple[dict[str, Any], ...] = (
        {"type": "heading", "level": 2, "text": NASTY},
        {"type": "image", "media": found.id, "caption": NASTY},
        {"type": "table", "head": ["价"], "rows": [["{{price:broadband-300m}}"]]},
        {"type": "product", "code": "broadband-300m"},
        {"type": "branch", "code": "yuncheng"},
        {"type": "coupon", "code": "newcomer-10", "label": "去领券"},
        {"type": "button", "label": "办理", "link": "/site/products"},
    )  # fmt: skip
    put_live(
        world, Content(NASTY, NASTY, "x", body, found.id, NASTY, "default-head", "default-tail")
    )

    answer = phone.get("/site/articles/about")
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert "<script>alert" not in page
    assert " style=" not in page
    assert page.count(f"/site/media/{found.digest}") == 2
    for words in (
        "79 元/月",
        "云城中心营业厅",
        "/site/coupon-batches/",
        "0590-80001050",
        "一处查清",
    ):
        assert words in page, words
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_a_price_changes_the_page_at_once(world: World, phone: Phone) -> None:
    put_live(world, Content("x", "", "x", ({"type": "product", "code": "broadband-300m"},)))
    assert "79 元/月" in phone.text("/site/articles/about")

    def dearer(db: Session) -> None:
        row = db.scalars(select(Product).where(Product.code == "broadband-300m")).one()
        row.price_fen = 8800

    world.write(dearer)
    assert "88 元/月" in phone.text("/site/articles/about")


def test_reads_are_counted_and_robots_are_not(world: World, phone: Phone) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}
    phone.get("/site/articles/about", headers=agent)
    phone.get("/site/articles/about?from=timeline", headers=agent)
    phone.get("/site/articles/about", headers={"User-Agent": "Baiduspider"})
    assert phone.post("/site/articles/about/shares").status_code == 204
    assert phone.post("/site/articles/none/shares").status_code == 404
    assert phone.post_bare("/site/articles/about/shares").status_code == 400

    def count(db: Session) -> Any:
        found = articles.get(db, "about")
        return article_reads.totals(db, [found.id])[found.id]

    assert world.database.read(count) == (2, 1, 1)


def test_an_article_that_is_not_out_is_not_there(world: World, phone: Phone) -> None:
    def withdraw(db: Session) -> None:
        articles.get(db, "about").state = "withdrawn"

    world.write(withdraw)
    assert phone.get("/site/articles/about").status_code == 404
    assert phone.get("/site/articles/none").status_code == 404
    assert "还没有文章" in phone.text("/site/articles")


def test_pictures_are_pictures_for_ever(world: World, app: Flask, phone: Phone) -> None:
    found = picture(world, app)
    answer = phone.get(f"/site/media/{found.digest}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    with Image.open(io.BytesIO(phone.get(f"/site/media/{found.digest}/small").data)) as small:
        assert max(small.size) == 320


@pytest.mark.parametrize(
    "name", ["a" * 64, "..%2f..%2fetc%2fpasswd", "../../etc/passwd", "%00", "x" * 3000]
)
def test_no_other_file_is_a_picture(phone: Phone, name: str) -> None:
    assert phone.get(f"/site/media/{name}").status_code in {404, 308}


def test_announcements_stand_on_the_first_page(world: World, alice: Phone) -> None:
    def work(db: Session) -> None:
        form = announcements.Form(NASTY, f"第一行\n{NASTY}", START, START + timedelta(days=1))
        made = announcements.draft(db, form, operator(db))
        db.get_one(Announcement, made.id).state = "approved"

    assert "目前没有公告" in alice.text("/site/announcements")
    world.write(work)
    for path in ("/site/", "/site/announcements"):
        page = alice.get(path).get_data(as_text=True)
        assert "&lt;script&gt;alert" in page
        assert "<script>alert" not in page
    world.clock.forward(days=1)
    assert "目前没有公告" in alice.text("/site/announcements")


def test_a_branch_says_whether_it_is_open(world: World, phone: Phone) -> None:
    page = phone.text("/site/branches/gaoxin")
    assert "休息中" in page  # a Sunday, closed
    assert "明天 9:00 开门" in page
    assert "https://apis.map.qq.com/uri/v1/marker?marker=coord%3A26.251" in phone.get(
        "/site/branches/gaoxin"
    ).get_data(as_text=True)
    every = phone.text("/site/branches")
    assert every.count("营业中") == 5
    assert every.count("休息中") == 2
    assert phone.get("/site/branches/none").status_code == 404
