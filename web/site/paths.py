"""Where a visitor may be sent after signing in: own pages only, by an allow-list of characters."""

import re

from kernel.refusals import NotFound

HOME = "/site/"
# Ids above this fit no column of ours.
_MOST_ID = 2**53 - 1
ID = f"int(max={_MOST_ID})"

# Words parted by single slashes; so no `//evil`, no `/\\evil`, no `..`, no %2f in the path. What
# stands in the query is only ever read by our own routes, which check it again.
_OWN = re.compile(r"/site(?:/[\w-]+)*/?(?:\?[\w\-.~=&%+:@/]*)?", re.ASCII)
_LENGTH = 300


def clean_next(asked: str | None) -> str:
    """`asked` if it is a page of the mini-site, else its home."""
    if not asked or len(asked) > _LENGTH or not _OWN.fullmatch(asked):
        return HOME
    # The way in is no place to return to: it would lead round in a circle.
    if asked.startswith(("/site/sign-in", "/site/oauth")):
        return HOME
    # Flask's full_path ends with a question mark where there is no query.
    return asked.removesuffix("?")


def before_id(asked: str | None) -> int | None:
    """The id below which a list's page begins; None for its first page. Raises NotFound."""
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdigit()) or int(asked[:20]) > _MOST_ID:
        raise NotFound
    return int(asked)
