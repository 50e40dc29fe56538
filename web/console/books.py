"""The books: the proof that they balance, and what the points outstanding may cost."""

import time
from datetime import date, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from content.promises import PROMISES
from kernel import audit
from kernel.clock import business_day, day_start
from loyalty import points_liability, proof_records, proof_runs
from loyalty.proof_records import ProofRun
from pushes import push_proofs
from web.console.guards import actor, operator_required
from web.wiring import now, read, transaction, wiring

bp = Blueprint("books", __name__, url_prefix="/books")

PERIODS = {"month": "本月", "year": "今年", "twelve": "近 12 个月"}
_LATEST = 10


@bp.get("")
@operator_required("books.read")
def show() -> ResponseReturnValue:
    """What is proved, and how the last proofs came out, of the night and by hand."""
    runs = read(_latest)
    return render_template(
        "console/books/proof.html",
        proofs=push_proofs.EVERY,
        runs=runs,
        promises=PROMISES,
        broken={one["code"]: one["rows"] for one in runs[0].breaches} if runs else {},
    )


@bp.post("/proofs")
@operator_required("books.read")
def prove() -> ResponseReturnValue:
    """Hold every promise against the tables as they stand, and keep what was found."""
    began = time.perf_counter()
    found = wiring().database.snapshot(
        lambda db: list(proof_runs.run(db, now(), push_proofs.EVERY))
    )
    seconds = round(time.perf_counter() - began)

    def work(db: Session) -> None:
        run = proof_records.keep(db, found, now(), seconds)
        codes = [breach.proof.code for breach in found]
        audit.write(db, "books.proved", f"proof:{run.id}", now(), by=actor(), broken=codes)

    transaction(work)
    return redirect(url_for(".show"), 303)


@bp.get("/liability")
@operator_required("books.read")
def show_liability() -> ResponseReturnValue:
    """What the points outstanding are, until when, and how many expire unspent."""
    at, asked = now(), request.args.get("period", "")
    period = asked if asked in PERIODS else "year"
    since = _since(period, at)
    return render_template(
        "console/books/liability.html",
        found=read(lambda db: points_liability.as_of(db, at, since)),
        periods=PERIODS,
        period=period,
        since=since,
        at=at,
    )


def _since(period: str, at: datetime) -> datetime:
    today = business_day(at)
    first = {
        "month": today.replace(day=1),
        "year": date(today.year, 1, 1),
        "twelve": date(today.year - 1, today.month, 1),
    }[period]
    return day_start(first)


def _latest(session: Session) -> list[ProofRun]:
    return list(session.scalars(select(ProofRun).order_by(ProofRun.id.desc()).limit(_LATEST)))
