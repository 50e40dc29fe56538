"""How often rules answered: one more row a message, added up by day, once each."""

from datetime import timedelta

from sqlalchemy.orm import Session

from content import reply_matches, reply_rules
from content.reply_matches import LAG, SPAN, Matches
from kernel.db import Database
from tests.content.chat import explain, rules, text
from tests.content.desk import form, live, people, word
from tests.test_statements import counted
from tests.world import NOON, Hall

# The inbox row, its text masked, the activity, the reply kept; the book's stamp every two seconds.
STATEMENTS = 5


def test_answers_are_added_up_once(database: Database) -> None:
    minute = timedelta(minutes=1)

    def begin(session: Session) -> int:
        assert reply_matches.roll_up(session, NOON) is None
        who = people(session)
        live(session, "a", form(patterns=word("断网")), who)
        (rule,) = reply_rules.revisions(session, "a")
        for after in (0, 1, 40, 24 * 60):
            reply_matches.note(session, rule.id, NOON + after * minute)
        return rule.id

    database.transaction(begin)
    now = NOON + timedelta(days=1) + LAG + minute
    done = []
    while (count := database.transaction(lambda db: reply_matches.roll_up(db, now))) is not None:
        done.append(count)
    assert (sum(done), done[:2]) == (4, [2, 1])
    assert len(done) == timedelta(days=1) // SPAN + 1
    found = database.read(lambda db: reply_matches.of_codes(db, ["a", "b"], now))
    assert found == {"a": Matches(4, 4, NOON + timedelta(days=1))}
    later = database.read(lambda db: reply_matches.of_codes(db, ["a"], now + timedelta(days=30)))
    assert (later["a"].total, later["a"].recent) == (4, 0)


def test_an_answer_costs_one_insert_and_the_test_box_counts_nothing(hall: Hall, anna: str) -> None:
    rules(hall, one=form(patterns=word("断网"), replies=[text("请重启光猫")]))
    hall.say(anna, "断网")
    explain(hall, anna, text="断网")

    with counted(hall.app.extensions["weiting"].database.engine) as sent:
        assert hall.say(anna, "断网") == "请重启光猫"

    assert len([one for one in sent if "INSERT INTO activity" in one]) == 1, sent
    assert len(sent) <= STATEMENTS, sent
    hall.clock.move(minutes=5)
    now = hall.clock.now()
    hall.database.transaction(lambda db: reply_matches.roll_up(db, now))
    found = hall.database.read(lambda db: reply_matches.of_codes(db, ["one"], now))
    assert found["one"].total == 2
