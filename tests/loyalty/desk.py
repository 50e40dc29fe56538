"""An operator, and phones that are proven already."""

import itertools
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.operators import Operator
from loyalty.phone_codes import Claim, PhoneCode
from loyalty.phones import normalise
from tests.loyalty.people import VAULT
from tests.world import NOON

_numbers = itertools.count(1)


def hire(session: Session) -> int:
    """A new operator's number."""
    operator = Operator(
        login=f"operator-{next(_numbers)}",
        name="林晓",
        role="owner",
        password_hash="-",
        active=True,
        created_at=NOON,
    )
    session.add(operator)
    session.flush()
    return operator.id


def proven(session: Session, openid: str, phone: str, at: datetime = NOON) -> Claim:
    """A claim whose code was entered a moment ago."""
    digest = VAULT.digest(normalise(phone))
    session.add(
        PhoneCode(
            openid=openid,
            phone_digest=digest,
            code_digest="-",
            tries=1,
            created_at=at,
            proven_at=at,
        )
    )
    session.flush()
    return Claim(openid, phone)
