"""Every API by its path; a path that is not here is answered with 40066."""

from emulator.api import (
    customer,
    drafts,
    followers,
    mass,
    media,
    menus,
    notices,
    publications,
    scenes,
    tags,
    templates,
    tokens,
    upkeep,
    weblogin,
)
from emulator.api.calls import Endpoint

KNOWN: dict[str, Endpoint] = {
    **tokens.ENDPOINTS,
    **menus.ENDPOINTS,
    **followers.ENDPOINTS,
    **tags.ENDPOINTS,
    **customer.ENDPOINTS,
    **templates.ENDPOINTS,
    **notices.ENDPOINTS,
    **mass.ENDPOINTS,
    **scenes.ENDPOINTS,
    **media.ENDPOINTS,
    **drafts.ENDPOINTS,
    **publications.ENDPOINTS,
    **upkeep.ENDPOINTS,
    **weblogin.ENDPOINTS,
}
ENDPOINTS = {**KNOWN, **upkeep.build_upkeep(KNOWN)}
