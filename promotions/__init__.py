"""Promotions: campaigns with a window, a text and what they give."""
