"""The menu as data: its limits, its versions, and what WeChat is told."""
