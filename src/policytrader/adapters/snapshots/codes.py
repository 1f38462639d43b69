"""The codes of what can be wrong with a snapshot folder; each has its heading in ``docs/reference/errors.md``."""

from __future__ import annotations

from typing import Final

MISSING_FILE: Final = "S101"
"""A file or folder that is missing or cannot be read."""

WRONG_FILE: Final = "S102"
"""Not a folder, not a file, not UTF-8, or too large."""

BROKEN_FORMAT: Final = "S103"
"""Not CSV, JSON or Parquet, or a row that does not fit its header."""

UNKNOWN_COLUMN: Final = "S104"
"""A column that the table does not have, or has twice."""

MISSING_VALUE: Final = "S105"
"""A column or a cell without which a row means nothing."""

WRONG_NUMBER: Final = "S106"
"""Not a plain number, out of range, or with too many decimals."""

WRONG_WORD: Final = "S107"
"""Not one of the words of its column."""

WRONG_TIME: Final = "S108"
"""Not a time with a zone, or of another century."""

REPEATED: Final = "S109"
"""What may be there once is there twice."""

DISAGREEING: Final = "S110"
"""Two values that cannot both be right."""

OFF_LADDER: Final = "S111"
"""A price at which the exchange takes no orders."""

CROSSED_BOOK: Final = "S112"
"""Best back is not below best lay."""

WRONG_TEXT: Final = "S113"
"""A text with characters that cannot be seen, or too long."""

WRONG_HEAD: Final = "S120"
"""``snapshot.yaml`` does not say what it must."""
