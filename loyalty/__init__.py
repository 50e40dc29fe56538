"""The loyalty engine: followers, members, check-ins, points, coupons. Knows no WeChat."""
