"""Imports of members from a file: line by line, each with its verdict, resumable, never twice.

A file is known by its digest; a line by its number in it. The caller reads the file and hands
over pages of lines, each in a transaction of its own:

    for page in pages(member_files.read(path, titles)):
        database.transaction(lambda session: take(session, vault, import_id, page, now()))
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused
from kernel.vault import Vault
from loyalty import members, profiles
from loyalty.member_files import BadLine, Person
from loyalty.members import Member, Registration
from loyalty.registrations import IMPORTED
from loyalty.seen_phones import SeenPhone

PAGE = 200
LEASE = timedelta(minutes=2)
VERDICTS = {"added": "会新增", "existing": "已存在", "bad": "错误"}
_REPORT_ROWS = 2_000

Line = Person | BadLine


class MemberImport(Base):
    """One file: how far it was taken (`last_line`) and what came of it."""

    __tablename__ = "member_import"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    file_digest: Mapped[str] = mapped_column(String(64), unique=True)
    file_name: Mapped[str] = mapped_column(String(100))
    started_by: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    started_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    last_line: Mapped[int] = mapped_column(Integer)
    added: Mapped[int] = mapped_column(Integer)
    existing: Mapped[int] = mapped_column(Integer)
    bad: Mapped[int] = mapped_column(Integer)


class MemberImportRow(Base):
    """The verdict on one line: added, existing or bad. Nothing of what stood in it is kept."""

    __tablename__ = "member_import_row"
    __table_args__ = (Index("ix_member_import_row_member_id", "member_id"),)

    import_id: Mapped[int] = mapped_column(ForeignKey("member_import.id"), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    verdict: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(60))
    member_id: Mapped[int | None] = mapped_column(BigInteger)


class ImportRunning(Refused):
    """The same file is being imported at this moment."""

    code = "import_running"


@dataclass(frozen=True)
class Verdict:
    """What becomes of one line: added, existing or bad, why, and which member it is about."""

    line: int
    verdict: str
    reason: str = ""
    member_id: int | None = None


@dataclass(frozen=True)
class File:
    """A file as somebody brought it: its digest (`member_files.digest`) and its name."""

    digest: str
    name: str


def pages(lines: Iterable[Line], size: int = PAGE) -> Iterator[list[Line]]:
    """The lines in pages."""
    source = iter(lines)
    while page := list(islice(source, size)):
        yield page


def rehearse(
    session: Session, vault: Vault, lines: Sequence[Line], seen: set[int]
) -> list[Verdict]:
    """What an import of this page would do; writes nothing.

    `seen` starts empty and goes with the pages of one file: it finds a phone that comes twice.
    """
    return [verdict for verdict, _ in _judge(session, vault, lines, seen)]


def start(session: Session, file: File, at: datetime, *, by: int) -> MemberImport:
    """Begin the import of a file, or go on with one that was cut short.

    A finished one is returned as it stands. Raises ImportRunning while somebody is at it.
    """
    row = {
        "file_digest": file.digest,
        "file_name": file.name[-100:],
        "started_by": by,
        "started_at": at,
        "lease_until": at + LEASE,
        "finished_at": None,
        "last_line": 0,
        "added": 0,
        "existing": 0,
        "bad": 0,
    }
    is_new = insert_once(session, MemberImport, row, "file_digest")
    found = session.scalars(
        select(MemberImport).where(MemberImport.file_digest == file.digest)
    ).one()
    if not is_new and found.finished_at is None:
        _take_over(session, found.id, at)
    if is_new:
        audit.write(session, "members.imported", f"import:{found.id}", at, by=(by, None))
    return found


def _take_over(session: Session, import_id: int, at: datetime) -> None:
    taken = session.execute(
        update(MemberImport)
        .where(MemberImport.id == import_id, MemberImport.lease_until <= at)
        .values(lease_until=at + LEASE)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise ImportRunning


def take(
    session: Session, vault: Vault, import_id: int, lines: Sequence[Line], at: datetime
) -> list[Verdict]:
    """Import a page; lines that were taken before are passed over. Raises NotFound."""
    standing = session.get(MemberImport, import_id, with_for_update=True, populate_existing=True)
    if standing is None:
        raise NotFound
    new = [one for one in lines if one.line > standing.last_line]
    verdicts = []
    for verdict, person in _judge(session, vault, new, set()):
        final = verdict
        if verdict.verdict == "added" and person is not None:
            final = _admit(session, vault, person, at)
        elif verdict.member_id is not None:
            final = _twice_here(session, import_id, verdict)
        verdicts.append(final)
        row = {"line": final.line, "verdict": final.verdict, "reason": final.reason}
        session.add(MemberImportRow(import_id=import_id, member_id=final.member_id, **row))
        session.flush()
    _count(standing, verdicts, at)
    session.flush()
    return verdicts


def _count(standing: MemberImport, verdicts: Sequence[Verdict], at: datetime) -> None:
    for verdict in verdicts:
        setattr(standing, verdict.verdict, getattr(standing, verdict.verdict) + 1)
        standing.last_line = max(standing.last_line, verdict.line)
    standing.lease_until = at + LEASE


def _twice_here(session: Session, import_id: int, verdict: Verdict) -> Verdict:
    """A phone that an earlier line of this file brought is a mistake of the file."""
    line = session.scalar(
        select(MemberImportRow.line).where(
            MemberImportRow.import_id == import_id,
            MemberImportRow.member_id == verdict.member_id,
            MemberImportRow.verdict == "added",
        )
    )
    if line is None:
        return verdict
    return Verdict(verdict.line, "bad", "手机号在文件中重复")


def _admit(session: Session, vault: Vault, person: Person, at: datetime) -> Verdict:
    openid = person.openid or f"{IMPORTED}{secrets.token_hex(12)}"
    form = Registration(openid, person.name, person.phone, None, "import")
    try:
        member = members.admit(session, vault, form, at)
    except (members.PhoneTaken, members.AlreadyRegistered):  # since we looked
        return Verdict(person.line, "existing", "刚刚已注册")
    if person.answers:
        profiles.save(session, member.id, person.answers, at)
    return Verdict(person.line, "added", member_id=member.id)


def _judge(
    session: Session, vault: Vault, lines: Sequence[Line], seen: set[int]
) -> Iterator[tuple[Verdict, Person | None]]:
    digests = {one.line: vault.digest(one.phone) for one in lines if isinstance(one, Person)}
    known = _Known(session, lines, set(digests.values()))
    for one in lines:
        if isinstance(one, BadLine):
            yield Verdict(one.line, "bad", one.reason), None
            continue
        digest = digests[one.line]
        mark = int(digest[:16], 16)  # 64 bits tell a file's phones apart, in little memory
        verdict = known.judge(one, digest)
        if mark in seen:
            verdict = Verdict(one.line, "bad", "手机号在文件中重复")
        seen.add(mark)
        yield verdict, one


class _Known:
    """What the tables say of a page's phones, openids and fields, in four statements."""

    def __init__(self, session: Session, lines: Sequence[Line], digests: set[str]) -> None:
        openids = {one.openid for one in lines if isinstance(one, Person) and one.openid}
        rows = session.execute(
            select(Member.id, Member.phone_digest, Member.openid).where(
                or_(Member.phone_digest.in_(digests), Member.openid.in_(openids))
            )
        ).all()
        self._by_phone = {row.phone_digest: row.id for row in rows}
        self._openids = {row.openid: row.phone_digest for row in rows}
        self._gone = set(
            session.scalars(
                select(SeenPhone.phone_digest).where(
                    SeenPhone.phone_digest.in_(digests),
                    or_(SeenPhone.erased_at.is_not(None), SeenPhone.barred_at.is_not(None)),
                )
            )
        )
        self._fields = {field.code: field for field in profiles.fields(session)}

    def judge(self, person: Person, digest: str) -> Verdict:
        """What would become of the line, the file's other lines apart."""
        if digest in self._by_phone:
            return Verdict(person.line, "existing", member_id=self._by_phone[digest])
        if digest in self._gone:
            return Verdict(person.line, "bad", "该会员已注销，须本人重新注册")
        if person.openid in self._openids:
            return Verdict(person.line, "bad", "微信标识属于另一会员")
        for code, text in person.answers.items():
            try:
                profiles.parse(self._fields[code], text)
            except Invalid as invalid:
                return Verdict(person.line, "bad", str(invalid.facts["reason"]))
        return Verdict(person.line, "added")


def finish(session: Session, import_id: int, at: datetime) -> bool:
    """The file has no more lines; False when it was finished before."""
    finished = session.execute(
        update(MemberImport)
        .where(MemberImport.id == import_id, MemberImport.finished_at.is_(None))
        .values(finished_at=at)
        .execution_options(synchronize_session=False)
    )
    return bool(finished.rowcount == 1)  # type: ignore[attr-defined]


def report(session: Session, import_id: int) -> Iterator[tuple[int, str, str, str]]:
    """The rows of the report file: line, verdict and reason in Chinese, member number."""
    after = 0
    while True:
        rows = session.execute(
            select(
                MemberImportRow.line,
                MemberImportRow.verdict,
                MemberImportRow.reason,
                MemberImportRow.member_id,
            )
            .where(MemberImportRow.import_id == import_id, MemberImportRow.line > after)
            .order_by(MemberImportRow.line)
            .limit(_REPORT_ROWS)
        ).all()
        for row in rows:
            verdict = {**VERDICTS, "added": "已新增"}[row.verdict]
            yield row.line, verdict, row.reason, str(row.member_id or "")
        if len(rows) < _REPORT_ROWS:
            return
        after = rows[-1].line
