"""The driver's errors, told as ours."""

from __future__ import annotations

import pytest
from pymongo import errors

from policytrader.adapters.mongo.problems import mapped
from policytrader.errors import StoreError

PLACE = "mongodb://127.0.0.1/bets"


@pytest.mark.parametrize("is_write", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        errors.OperationFailure("no", 112),
        errors.OperationFailure("no", 14031),
        errors.OperationFailure("no", 10334),
        errors.OperationFailure("no", 4242),
        errors.InvalidOperation("no"),
    ],
    ids=["busy", "full", "large", "unknown", "driver"],
)
def test_only_a_write_says_that_nothing_was_stored(error: errors.PyMongoError, *, is_write: bool) -> None:
    with pytest.raises(StoreError) as raised, mapped(PLACE, is_write=is_write):
        raise error
    assert ("Nothing was stored." in str(raised.value)) == is_write
    assert "{" not in str(raised.value)


def test_busy_says_what_to_do() -> None:
    busy = errors.OperationFailure("no", 112)
    told = r"it is busy\. Nothing was stored\. Trying again is safe\."
    with pytest.raises(StoreError, match=told), mapped(PLACE, is_write=True):
        raise busy
