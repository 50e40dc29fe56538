"""An import holds the hall's files against the compliance rules before it writes anything."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from click.testing import Result
from sqlalchemy import select

from app import create_app
from content import compliance
from content.faq_files import load_faq
from content.hall_files import E, HallFiles, load_hall
from menus.conditional import Face
from menus.tree import Hall as Button
from menus.tree import Menu
from menus.works import work_of
from promotions import import_checks
from promotions.campaigns import Campaign
from promotions.import_checks import Item
from tests.world import ROOT, Hall

TIETONG = ROOT / "halls" / "tietong"
SETTING = compliance.setting_of("https://hall.test", (), datetime(2026, 11, 28, tzinfo=UTC))


def changed(folder: Path, name: str, before: str, after: str) -> None:
    path = folder / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def imported(hall: Hall, folder: Path) -> Result:
    settings = hall.settings.hall.model_copy(update={"content": str(folder)})
    app = create_app(hall.settings.model_copy(update={"hall": settings}), hall.clock)
    return app.test_cli_runner().invoke(args=["content", "import"])


def title(hall: Hall) -> str:
    query = select(Campaign.title).where(Campaign.code == "speed-up")
    return hall.database.read(lambda db: db.scalars(query).one())


def test_red_keeps_everything_out_and_amber_is_printed(hall: Hall, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(TIETONG, tmp_path / "hall"))
    changed(folder, "promotions.yaml", "title: 老用户提速体验", "title: 全国最佳提速体验")

    refused = imported(hall, folder)

    assert refused.exit_code == 1
    assert "什么都没有导入" in refused.output
    assert "promotions.yaml 的活动 speed-up，标题“最佳”：" in refused.output
    assert title(hall) == "老用户提速体验"
    changed(folder, "promotions.yaml", "title: 全国最佳提速体验", "title: 限量提速体验")
    taken = imported(hall, folder)
    assert taken.exit_code == 0, taken.output
    assert "黄色提示：promotions.yaml 的活动 speed-up，标题“限量”：" in taken.output
    assert title(hall) == "限量提速体验"


def test_every_file_that_publishes_is_looked_at() -> None:
    files, questions = load_hall(TIETONG), load_faq(TIETONG)
    everything = [*import_checks.items(files, questions)]
    assert {item.place.partition(" ")[0] for item in everything} == {
        "promotions.yaml", "articles.yaml", "branches.yaml", "products.yaml", "faq.yaml",
    }  # fmt: skip
    assert import_checks.inspect(everything, SETTING) == []

    bad = "转发朋友圈领红包"

    def spoilt(entries: list[E], name: str) -> list[E]:
        return [entries[0].model_copy(update={name: bad})]

    files = HallFiles(
        articles=spoilt(files.articles, "chat"),
        branding=spoilt(files.branding, "body"),
        facts=spoilt(files.facts, "value"),
        branches=spoilt(files.branches, "address"),
        products=spoilt(files.products, "summary"),
        coupon_batches=spoilt(files.coupon_batches, "terms"),
        campaigns=spoilt(files.campaigns, "summary"),
    )
    questions = spoilt(questions, "answer")
    menu = Item("config.yaml 的菜单", work_of(Face(Menu((Button(bad),))), "https://hall.test"))
    found = import_checks.inspect([*import_checks.items(files, questions), menu], SETTING)

    red = {one.item.rpartition(" ")[0] for one in found if one.finding.rule == "share-to-get"}
    assert red == {
        "promotions.yaml 的活动", "promotions.yaml 的券批次", "articles.yaml 的文章",
        "articles.yaml 的卷首卷尾", "articles.yaml 的公司资料", "branches.yaml 的营业厅",
        "products.yaml 的产品", "faq.yaml 的问答", "config.yaml",
    }  # fmt: skip
