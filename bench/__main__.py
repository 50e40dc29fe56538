"""`make bench`: every benchmark in turn; read the ratios, not the absolute figures."""

import os
import platform

from bench import checkin, checkin_domain, flash_sale


def main() -> None:
    """Say where this runs, then run."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    for program in (checkin, checkin_domain, flash_sale):
        program.main()


if __name__ == "__main__":
    main()
