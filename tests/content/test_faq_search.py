"""Questions in people's own words, against the questions of the hall."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select

from content import faq, faq_search
from content.faq import FaqEntry, Form
from content.faq_files import import_faq, load_faq
from content.faq_grams import grams
from content.faq_index import FaqGram, FaqTerm
from kernel.db import Database
from tests.content.desk import people
from tests.world import NOON, ROOT

CORPUS = yaml.safe_load((Path(__file__).parent / "data/faq_corpus.yaml").read_text())


@pytest.fixture
def hall(database: Database) -> Database:
    """A database with the hall's questions."""
    entries = load_faq(ROOT / "halls/tietong")
    assert database.transaction(lambda session: import_faq(session, entries, NOON)) >= 40
    assert database.transaction(lambda session: import_faq(session, entries, NOON)) == 0
    return database


def found(database: Database, text: str) -> list[str]:
    """The codes of what was found, the nearest first."""

    def look(session: Any) -> list[str]:
        hits = faq_search.search(session, text).hits
        codes = dict(session.execute(select(FaqEntry.id, FaqEntry.code)).all())
        return [codes[hit.entry_id] for hit in hits]

    return database.read(look)


def test_recall_and_restraint(hall: Database) -> None:
    for part, least in (("asked", 0.9), ("held_out", 0.8)):
        asked = [(code, text) for code, texts in CORPUS[part].items() for text in texts]
        missed = [(code, text) for code, text in asked if code not in found(hall, text)]
        recall = 1 - len(missed) / len(asked)
        print(f"{part}: recall@3 {recall:.3f} of {len(asked)}", missed)  # noqa: T201
        assert recall >= least
    for part in ("off_topic", "off_topic_held_out"):
        answered = [text for text in CORPUS[part] if found(hall, text)]
        quiet = 1 - len(answered) / len(CORPUS[part])
        print(f"{part}: quiet {quiet:.3f} of {len(CORPUS[part])}", answered)  # noqa: T201
        assert quiet >= 0.9
    assert sum(len(texts) for texts in CORPUS["asked"].values()) >= 60


def test_its_own_wording_is_sure_of_its_entry(hall: Database) -> None:
    def look(session: Any) -> list[str]:
        wrong = []
        for entry in session.scalars(select(FaqEntry)):
            for wording in [entry.question, *entry.phrasings]:
                answer = faq_search.search(session, f" {wording}？").answer
                if answer is None or answer.entry_id != entry.id:
                    wrong.append(wording)
        return wrong

    assert hall.read(look) == []


@pytest.mark.parametrize(
    "text", ["", "？？？", "的的的", "\x00", "\ud800", "%_'\"\\", "a" * 5_000, "网" * 5_000, "🙂"]
)
def test_odd_texts_break_nothing(hall: Database, text: str) -> None:
    assert len(found(hall, text)) <= 3


def test_only_what_is_live_is_found(database: Database) -> None:
    def work(session: Any) -> None:
        author = people(session)[0]
        entry = faq.draft(session, Form("怎么申请发票抬头更正", "请到营业厅。"), author, NOON)
        assert faq_search.search(session, "发票抬头更正").hits == ()
        faq.apply(session, entry, NOON)
        assert faq_search.search(session, "发票抬头更正").answer
        faq.hide(session, entry.id, author, NOON)
        assert faq_search.search(session, "发票抬头更正").hits == ()
        assert session.scalar(select(func.count()).select_from(FaqGram)) == 0
        assert session.scalar(select(func.sum(FaqTerm.entries))) == 0
        faq.show(session, entry.id, author, NOON)
        assert faq_search.search(session, "发票抬头更正").answer

    database.transaction(work)


def test_pieces() -> None:
    assert set(grams("请问WiFi密码怎么改？")) == {"wifi", "密码", "密", "码", "改"}
    assert set(grams("光猫 ５Ｇ")) == {"光猫", "光", "猫", "5g"}
    assert grams("怎么办") == {"怎么办": 1.2}
