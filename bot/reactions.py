"""What each error code of WeChat means for the caller: one reaction a code, as data.

Source: the platform's list of return codes, and what SDKs report of each. A code that is not
listed is a refusal for sure (WeChat answered and did not do it) that somebody should be told of.
"""

from enum import StrEnum


class Reaction(StrEnum):
    """What to do about an error."""

    REFRESH = "refresh"  # the token: renew it once, repeat once
    RETRY = "retry"  # busy or too fast: later, if repeating is harmless
    DROP = "drop"  # this user cannot be reached
    STOP = "stop"  # this job or channel must stop, and an operator be told
    FIX = "fix"  # our own mistake: repeating cannot help
    RESTART = "restart"  # the OAuth round must begin anew
    DONE = "done"  # it had been done before


_CODES: dict[Reaction, tuple[int | range, ...]] = {
    Reaction.REFRESH: (40001, 40014, 42001),
    Reaction.RETRY: (-1, 45011, 45066),
    Reaction.DROP: (40003, 43004, 43019, 43101, 45015, 45047, 46004, 48002, 50005),
    Reaction.STOP: (
        40013, 40037, 40125, 40164, 40243, 45009, 45028, 47003, 48001, 48003, 48004, 48008, 50001,
        50002, 53500, 53501, 61003, 61004, 61007, 61023, 89501, range(89503, 89508), 40053, 43100,
        45026, 45027, 48006, 87014,
    ),
    Reaction.FIX: (
        40002, range(40004, 40013), range(40015, 40029), range(40031, 40036), 40038, 40039, 40054,
        40055, 40097, 40119, 40120, 40130, 40137, 40200, 41001, range(41002, 41008), 41009, 41030,
        43001, 43002, 43003, 44001, 44002, 44003, 44004, range(45001, 45009), 45010, 45032, 45056,
        45057, 45058, 45059, 45064, 45067, 45072, 45080, 45081, 45083, 45084, 45157, 45158, 45159,
        46001, 46002, 46003, 47001, 48005, 53502, 53600, range(65301, 65321), 76001, 76003, 76022,
        87009,
    ),
    Reaction.RESTART: (40029, 40030, 40163, 41008, 42002, 42003, 42007),
    Reaction.DONE: (45065,),
}  # fmt: skip

TABLE: dict[int, Reaction] = {
    code: reaction
    for reaction, entries in _CODES.items()
    for entry in entries
    for code in (entry if isinstance(entry, range) else (entry,))
}


def reaction_to(code: int) -> Reaction:
    """The reaction to an error code."""
    return TABLE.get(code, Reaction.STOP)
