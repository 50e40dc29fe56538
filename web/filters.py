"""Jinja filters that mini-site and console share."""


def grouped(value: int) -> str:
    """12,345."""
    return f"{value:,}"
