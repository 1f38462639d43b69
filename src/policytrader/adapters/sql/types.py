"""Column types that hold a value exactly or refuse it, in the words of either database.

A database would round a third decimal, drop a zone, or cut a text (or not, depending on which it is). Here every value
is checked on its way in; what does not fit raises ``ValueError``, for it is a defect of the caller.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import types
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

_WIDTH = len("2026-05-02T13:42:15.000000Z")
_LARGEST = {4: 2**31 - 1, 8: 2**63 - 1}


def _refuse(value: object, why: str) -> ValueError:
    return ValueError(f"{value!r} cannot be stored: {why}")


class _Type(types.TypeDecorator[Any]):
    """Subclasses say what the type is in either database, what is stored for a value, and what is read back."""

    impl: Any = types.String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The database's own type."""
        return self._sqlite() if dialect.name == "sqlite" else self._postgresql()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Check, and translate. Raises ``ValueError``."""
        return None if value is None else self._stored(value, is_sqlite=dialect.name == "sqlite")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Translate back."""
        return None if value is None else self._read(value, is_sqlite=dialect.name == "sqlite")

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:  # noqa: ARG002
        """What is compared with a column is bound as the column's own type, never as what the value looks like."""
        return self

    def _postgresql(self) -> TypeEngine[Any]:
        raise NotImplementedError

    def _sqlite(self) -> TypeEngine[Any]:
        return sqlite.TEXT()

    def _stored(self, value: Any, *, is_sqlite: bool) -> Any:
        raise NotImplementedError

    def _read(self, value: Any, *, is_sqlite: bool) -> Any:  # noqa: ARG002
        return value


class Words(_Type):
    """Text of at most ``length`` characters."""

    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    def _postgresql(self) -> TypeEngine[Any]:
        return postgresql.TEXT() if self.length is None else postgresql.VARCHAR(self.length)

    def _stored(self, value: Any, *, is_sqlite: bool) -> Any:  # noqa: ARG002
        if not isinstance(value, str):
            raise _refuse(value, "not a text")
        if self.length is not None and len(value) > self.length:
            raise _refuse(value, f"longer than {self.length} characters")
        if "\0" in value or not _is_text(value):
            raise _refuse(value, "a character that is none")
        # A StrEnum's member is a text to us, not to every driver.
        return str(value)


def _is_text(value: str) -> bool:
    """Whether it has bytes: a lone half of a pair has none. Much quicker than to look at each character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class FixedWords(Words):
    """The seed's CHAR(n): padded in PostgreSQL, and read without the padding."""

    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)

    def _postgresql(self) -> TypeEngine[Any]:
        return postgresql.CHAR(self.length)

    def _read(self, value: Any, *, is_sqlite: bool) -> Any:  # noqa: ARG002
        return value.rstrip(" ")


class Whole(_Type):
    """A whole number of four or eight bytes."""

    impl = types.BigInteger
    cache_ok = True

    def __init__(self, size: int = 8) -> None:
        super().__init__()
        self.size = size

    def _postgresql(self) -> TypeEngine[Any]:
        return postgresql.INTEGER() if self.size == 4 else postgresql.BIGINT()  # noqa: PLR2004 - bytes

    def _sqlite(self) -> TypeEngine[Any]:
        return sqlite.INTEGER()

    def _stored(self, value: Any, *, is_sqlite: bool) -> Any:  # noqa: ARG002
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST[self.size]:
            raise _refuse(value, f"not a whole number of {self.size} bytes")
        return value


class Amount(_Type):
    """Money, a size or a price: ``digits`` in all, ``decimals`` of them after the point; unbounded without both."""

    impl = types.Numeric
    cache_ok = True

    def __init__(self, digits: int | None = None, decimals: int | None = None) -> None:
        super().__init__()
        self.digits = digits
        self.decimals = decimals

    def _postgresql(self) -> TypeEngine[Any]:
        return postgresql.NUMERIC(self.digits, self.decimals)

    def _stored(self, value: Any, *, is_sqlite: bool) -> Any:
        if not isinstance(value, Decimal) or not value.is_finite():
            raise _refuse(value, "not a finite Decimal")
        if self.digits is not None and self.decimals is not None:
            self._check(value, self.digits, self.decimals)
            text = f"{value:.{self.decimals}f}"
        else:
            text = f"{value:f}"
        if not value:
            text = text.removeprefix("-")
        return text if is_sqlite else Decimal(text)

    def _read(self, value: Any, *, is_sqlite: bool) -> Any:  # noqa: ARG002
        return Decimal(value)

    @staticmethod
    def _check(value: Decimal, digits: int, decimals: int) -> None:
        # By digits: arithmetic would round at the context's precision before it compared.
        before, _, after = f"{value.copy_abs():f}".partition(".")
        if len(after.rstrip("0")) > decimals:
            raise _refuse(value, f"more than {decimals} decimals")
        if len(before.lstrip("0")) > digits - decimals:
            raise _refuse(value, f"more than {digits - decimals} digits before the point")


class Moment(_Type):
    """A moment, aware UTC. ``has_zone`` says which of PostgreSQL's two types; the seed's TIMESTAMP holds UTC."""

    impl = types.DateTime
    cache_ok = True

    def __init__(self, *, has_zone: bool = True) -> None:
        super().__init__()
        self.has_zone = has_zone

    def _postgresql(self) -> TypeEngine[Any]:
        return postgresql.TIMESTAMP(timezone=self.has_zone)

    def _stored(self, value: Any, *, is_sqlite: bool) -> Any:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise _refuse(value, "not a time with a zone")
        moment = value.astimezone(UTC)
        if is_sqlite:
            text = format_utc(moment)
            return text if len(text) == _WIDTH else text.replace("Z", ".000000Z")
        return moment if self.has_zone else moment.replace(tzinfo=None)

    def _read(self, value: Any, *, is_sqlite: bool) -> Any:
        if is_sqlite:
            return datetime.fromisoformat(value).astimezone(UTC)
        return value.astimezone(UTC) if self.has_zone else value.replace(tzinfo=UTC)


class Day(_Type):
    """A date."""

    impl = types.Date
    cache_ok = True

    def _postgresql(self) -> TypeEngine[Any]:
        return postgresql.DATE()

    def _stored(self, value: Any, *, is_sqlite: bool) -> Any:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise _refuse(value, "not a date")
        return value.isoformat() if is_sqlite else value

    def _read(self, value: Any, *, is_sqlite: bool) -> Any:
        return date.fromisoformat(value) if is_sqlite else value


class Flag(_Type):
    """True or false; 1 or 0 in SQLite."""

    impl = types.Boolean
    cache_ok = True

    def _postgresql(self) -> TypeEngine[Any]:
        return postgresql.BOOLEAN()

    def _sqlite(self) -> TypeEngine[Any]:
        return sqlite.INTEGER()

    def _stored(self, value: Any, *, is_sqlite: bool) -> Any:
        if not isinstance(value, bool):
            raise _refuse(value, "neither true nor false")
        return int(value) if is_sqlite else value

    def _read(self, value: Any, *, is_sqlite: bool) -> Any:  # noqa: ARG002
        return bool(value)


class seed_now(FunctionElement[Any]):  # noqa: N801 - reads as the SQL function that it is
    """The seed's DEFAULT NOW(), for rows that users insert; our own always say their time."""

    inherit_cache = True


@compiles(seed_now, "postgresql")
def _now_in_postgresql(element: seed_now, compiler: SQLCompiler, **_: Any) -> str:  # noqa: ARG001
    return "now()"


@compiles(seed_now, "sqlite")
def _now_in_sqlite(element: seed_now, compiler: SQLCompiler, **_: Any) -> str:  # noqa: ARG001
    return "(strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))"
