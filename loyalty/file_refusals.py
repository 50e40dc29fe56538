"""What files of people may hold at most, and the refusal of those that cannot be read."""

from kernel.refusals import Refused

FILE_BYTES = 50_000_000
FIELD_LENGTH = 10_000
COLUMNS = 50
ROWS = 2_000_000


class FileRefused(Refused):
    """The file cannot be read for certain; facts: `line`, `problem`."""

    code = "file_refused"
