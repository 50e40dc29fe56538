"""The demo hall's files: they load, they cover every refusal, and importing them is repeatable."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content.hall_files import HallFiles, load_hall
from kernel.refusals import every_refusal
from kernel.yaml import YamlRefused
from loyalty import claims, coupon_stock, coupons
from loyalty.coupons import CouponBatch
from promotions.campaigns import Campaign, live
from promotions.importer import Imported, import_hall
from tests.site.conftest import HALL, START, World

ROOT = HALL.parents[1]
PACKAGES = ("kernel", "bot", "loyalty", "content", "products", "promotions", "pushes", "reports",
            "menus", "handlers", "web")  # fmt: skip


def _import_everything() -> None:
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)


def test_every_refusal_has_its_sentence(world: World) -> None:
    _import_everything()
    codes = {kind.code for kind in every_refusal() if kind.__module__.split(".")[0] in PACKAGES}

    assert codes <= set(world.texts.refusals)
    assert len(codes) > 20


def test_every_phrase_that_the_code_says_is_there(world: World) -> None:
    said: set[str] = set()
    for name in PACKAGES:
        for path in (ROOT / name).rglob("*.py"):
            text = path.read_text()
            said |= set(re.findall(r'(?:\bsay\(|\btell\(|phrases\[|_failed\()\s*"(\w+)"', text))
            said |= set(re.findall(r'"(site_\w+)"', text))

    assert said - set(world.texts.phrases) == set()
    assert len(said) > 15


def test_chat_texts_fit_a_message(hall_files: HallFiles, world: World) -> None:
    texts = [*world.texts.phrases.values(), *world.texts.refusals.values()]
    texts += [article.chat for article in hall_files.articles]

    assert max(len(text.encode()) for text in texts) < 1024


def test_no_text_boasts(hall_files: HallFiles) -> None:
    # Advertising law, article 9: no superlatives.
    boast = re.compile(r"国家级|顶级|首选|唯一|最[好佳优低高快大强]")
    for path in HALL.glob("*.yaml"):
        assert not boast.search(path.read_text()), path.name


def test_a_second_import_changes_nothing(world: World, hall_files: HallFiles) -> None:
    again = world.write(lambda db: import_hall(db, hall_files, START))

    assert again == Imported(0, 0)


def test_an_import_brings_back_what_was_changed(world: World, hall_files: HallFiles) -> None:
    world.write(lambda db: db.execute(update(Campaign).values(title="改过")))

    done = world.write(lambda db: import_hall(db, hall_files, START))

    assert done == Imported(0, len(hall_files.campaigns))


def test_stock_never_falls_below_what_is_issued(world: World, hall_files: HallFiles) -> None:
    world.keeps_books = False  # stock is issued here without coupons

    def sell(db: Session) -> None:
        batch_id = claims.batch_id_of(db, "gift-cable")
        coupon_stock.resize(db, coupon_stock.hold(db, batch_id), 900, 2)
        assert coupon_stock.take_many(db, batch_id, 700)

    world.write(sell)

    world.write(lambda db: import_hall(db, hall_files, START))

    row = select(CouponBatch.stock, CouponBatch.issued).where(CouponBatch.code == "gift-cable")
    assert tuple(world.database.read(lambda db: db.execute(row).one())) == (700, 700)


def test_something_is_always_on(world: World) -> None:
    assert len(world.database.read(lambda db: live(db, START))) >= 3
    batches = world.database.read(lambda db: coupons.open_batches(db, START))
    assert len(batches) >= 3


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("products.yaml", "price_fen: 5900", "price_fen: -1", "products.1.price_fen"),
        ("products.yaml", "code: phone-home", "code: broadband", "family's name"),
        ("branches.yaml", "code: xihu", "code: yuncheng", "stands twice"),
        ("branches.yaml", "latitude: 26.3012", "latitude: 126.3", "branches.1.latitude"),
        ("promotions.yaml", "batch: newcomer-10", "batch: none-such", "no batch"),
        ("promotions.yaml", 'ends_on: "2027-12-31"', 'ends_on: "2025-12-31"', "before starts_on"),
        ("promotions.yaml", 'starts_on: "2026-11-01"', "starts_on: soon", "starts_on"),
        ("articles.yaml", "title: 办理指南", "titel: 办理指南", "articles.3.title"),
        ("articles.yaml", "articles:", "article:", "no such section"),
    ],
)
def test_a_mistake_in_a_file_is_named(
    tmp_path: Path, name: str, before: str, after: str, said: str
) -> None:
    for path in HALL.glob("*.yaml"):
        text = path.read_text()
        (tmp_path / path.name).write_text(
            text.replace(before, after) if path.name == name else text
        )

    with pytest.raises(YamlRefused, match=re.escape(name)) as caught:
        load_hall(tmp_path)

    assert said in str(caught.value)
