"""The safety levers: appended, never changed; their state is derived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from policytrader.adapters.sql import tables
from policytrader.adapters.sql.part import Part
from policytrader.model.journal import Control, ControlKind, ControlState, control_state_of

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection, Row

_CONTROLS = tables.controls


class ControlPart(Part):
    """``controls``."""

    def pull(self, control: Control) -> bool:
        """Append, unless it is a latch that nothing new has closed."""
        with self._writing() as connection:
            if control.kind is ControlKind.LATCH and _is_old_news(connection, control):
                return False
            values = {
                "at": control.at,
                "kind": control.kind,
                "who": control.who,
                "why": control.why,
                "cause": control.cause,
                "subject": control.subject,
                "evidence": control.evidence,
                "cancels_open": control.cancels_open,
            }
            connection.execute(insert(_CONTROLS).values(values))
            return True

    def control_state(self) -> ControlState:
        """Since the last resume."""
        c = _CONTROLS.c
        resumed = select(func.coalesce(func.max(c.seq), 0)).where(c.kind == ControlKind.RESUME).scalar_subquery()
        with self._reading() as connection:
            rows = connection.execute(select(_CONTROLS).where(c.seq > resumed).order_by(c.seq)).all()
        return control_state_of(tuple(map(_control, rows)))

    def controls(self, since: datetime | None = None) -> tuple[Control, ...]:
        """Oldest first."""
        query = select(_CONTROLS).order_by(_CONTROLS.c.seq)
        if since is not None:
            query = query.where(_CONTROLS.c.at >= since)
        with self._reading() as connection:
            return tuple(map(_control, connection.execute(query)))


def _is_old_news(connection: Connection, control: Control) -> bool:
    """It is closed already, or a person has lifted it on the same evidence."""
    c = _CONTROLS.c
    closings = (
        select(c.seq, c.evidence)
        .where(c.kind == ControlKind.LATCH, c.cause == control.cause, c.subject == control.subject)
        .order_by(c.seq.desc())
    )
    rows = connection.execute(closings).all()
    resumed = connection.scalar(select(func.max(c.seq)).where(c.kind == ControlKind.RESUME)) or 0
    is_closed = bool(rows) and rows[0].seq > resumed
    return is_closed or any(row.evidence == control.evidence for row in rows)


def _control(row: Row[Any]) -> Control:
    return Control(**{**row._mapping, "kind": ControlKind(row.kind)})  # noqa: SLF001 - a Row's public face
