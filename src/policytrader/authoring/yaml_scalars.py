"""What an unquoted scalar means: text, a whole number, a decimal, true or false, or "quote it".

YAML 1.1 and 1.2 readers disagree about many unquoted words: ``10:30`` is 630 for one and text for
the other, ``no`` is false or Norway. Here such a word is no value at all: its author must say which was meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

MAXIMUM_DIGITS = 18
"""Digits in an integer or decimal, all told; more could not be kept exactly in a 64-bit column."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_NUMBER_STARTS = frozenset("0123456789+-.")

_BOOLEANS = {"y": "true", "yes": "true", "on": "true", "n": "false", "no": "false", "off": "false"}
_BOOLEANS |= {"true": "true", "false": "false"}
_NULLS = frozenset({"~", "null", "none"})
_NOT_FINITE = frozenset(sign + word for sign in ("", "+", "-") for word in (".nan", "nan", ".inf", "inf", "infinity"))

# In this order: the first that fits names what a reader might have meant. None may need more than linear time.
_AMBIGUOUS_NUMBERS = tuple(
    (re.compile(pattern), reading)
    for pattern, reading in (
        (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|\s+)[0-9:.]+\s*(?:Z|[+-][0-9:]+)?)?", "a date or text"),
        (r"[-+]?[0-9][0-9_]*(?::[0-9]{1,2})+(?:\.[0-9_]*)?", "a time, text, or a number in base 60"),
        (r"[-+]?0[xX][0-9a-fA-F_]+", "a hexadecimal number or text"),
        (r"[-+]?0[oO][0-7_]+", "an octal number or text"),
        (r"[-+]?0[bB][01_]+", "a binary number or text"),
        (r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+", "a number with an exponent or text"),
        (r"[-+]?0[0-9_]+", "a decimal or an octal number, or text"),
        (r"(?=[-+.0-9]*_)[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?", "a number with underscores or text"),
        (r"\+[0-9]+(?:\.[0-9]*)?", "a number with a plus sign or text"),
        (r"[-+]?\.[0-9]+|[-+]?[0-9]+\.", "an unfinished decimal or text"),
        (r"[-+.,:_]*[0-9][-+.,:_0-9]*", "a number, a date or text"),
    )
)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A word that readers of YAML understand differently: what it could be, and what to write instead."""

    reading: str
    remedy: str


def read_plain(text: str) -> str | int | Decimal | bool | Ambiguous:
    """The value of an unquoted, non-empty scalar."""
    if text[0] in _NUMBER_STARTS:
        number = _read_number(text)
        if number is not None:
            return number
    elif text == "true":
        return True
    elif text == "false":
        return False
    return _find_ambiguous_word(text) or text


def _read_number(text: str) -> int | Decimal | Ambiguous | None:
    is_integer = _INTEGER.fullmatch(text) is not None
    if is_integer or _DECIMAL.fullmatch(text):
        if len(text) - text.count("-") - text.count(".") > MAXIMUM_DIGITS:
            return Ambiguous(
                f"a number of more than {MAXIMUM_DIGITS} digits, or an identifier",
                f"Quote an identifier; a number has at most {MAXIMUM_DIGITS} digits.",
            )
        return int(text) if is_integer else Decimal(text)
    for pattern, reading in _AMBIGUOUS_NUMBERS:
        if pattern.fullmatch(text):
            return Ambiguous(reading, _advise_number(text))
    return None


def _advise_number(text: str) -> str:
    quoted = f'Quote it if it is text: "{text}".'
    number = _plain_form(text)
    return f"{quoted} Write {number} if it is a number." if number else quoted


def _plain_form(text: str) -> str | None:
    """The number that was most likely meant, in the one accepted spelling; None where that is a guess."""
    digits = text.replace("_", "").lstrip("+")
    if ":" in digits or "," in digits or digits.count("-") > 1 or len(digits) > 2 * MAXIMUM_DIGITS:
        return None
    if digits.lstrip("-")[:2].lower() in {"0x", "0o", "0b"}:
        return str(int(digits, 0))
    if not re.fullmatch(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?", digits):
        return None
    form = format(Decimal(digits), "f")
    is_short = len(form) <= MAXIMUM_DIGITS
    return form if is_short and (_INTEGER.fullmatch(form) or _DECIMAL.fullmatch(form)) else None


def _find_ambiguous_word(text: str) -> Ambiguous | None:
    word = text.lower()
    if word in _BOOLEANS:
        return Ambiguous("true/false or text", f'Quote it if it is text: "{text}". Otherwise write {_BOOLEANS[word]}.')
    if word in _NULLS:
        return Ambiguous(
            "nothing at all or text", f'Quote it if it is text: "{text}". Otherwise say a value or leave the line out.'
        )
    if word in _NOT_FINITE:
        return Ambiguous(
            "a number that is not finite, or text", f'Quote it if it is text: "{text}". Numbers here are finite.'
        )
    if text in {"=", "<<"}:
        return Ambiguous("a special word of YAML 1.1 or text", f'Quote it if it is text: "{text}".')
    return None
