"""A WeChat platform in the box: API, callbacks, OAuth pages and a phone to hold in the hand.

It imports nothing of the product and nothing of the product imports it: they only meet over
HTTP, as with the real platform. Start it with ``python -m emulator``.
"""
