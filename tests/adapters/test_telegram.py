"""Notifications over real sockets: nobody waits for them, nothing secret is told, limits are kept."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from policytrader.adapters.telegram import MAX_MESSAGE, MAX_WAITING, Telegram
from policytrader.config.secret_values import TelegramSecrets, telegram_secrets
from policytrader.errors import ConfigError
from tests.adapters.telegram_server import Bot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

TOKEN = "123456:secret-Token_of_a_bot"  # noqa: S105 - of the tests' bot
CHAT = "-100200"
HEADER = "DRY-PAPER  profile desk"


class Told:
    """What the log was told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.heard = threading.Event()

    def __call__(self, level: str, event: str, at: datetime | None, **fields: Any) -> None:
        assert at is None
        self.events.append((level, event, fields))
        self.heard.set()

    @property
    def names(self) -> list[str]:
        return [event for _, event, _ in self.events]


@pytest.fixture
def bot() -> Iterator[Bot]:
    with Bot() as made:
        yield made


@pytest.fixture
def told() -> Told:
    return Told()


def telegram(bot: Bot, told: Told, pause_seconds: float = 0.02) -> Telegram:
    secrets = TelegramSecrets(token=SecretStr(TOKEN), chat=CHAT, url=bot.url)
    return Telegram(secrets, HEADER, told, pause_seconds=pause_seconds)


def test_a_line_is_sent_as_it_is(bot: Bot, told: Told) -> None:
    sender = telegram(bot, told)
    name = "O'Brien *bold* _x_ [a](http://x.com) <b>&amp;</b> `; drop"
    sender.send(name)
    sender.close()
    (message,) = bot.asked
    assert message.path == f"/bot{TOKEN}/sendMessage"
    assert message.lines == [HEADER, name]
    assert (message.document["chat_id"], "parse_mode" in message.document) == (CHAT, False)
    assert told.events == []


def test_what_a_screen_would_act_on_is_replaced(bot: Bot, told: Told) -> None:
    sender = telegram(bot, told)
    sender.send("a\nLIVE  b\x1b[0m\u202ec")
    sender.close()
    assert bot.asked[0].lines == [HEADER, "a\ufffdLIVE  b\ufffd[0m\ufffdc"]


def test_lines_travel_together_and_a_pause_is_kept(bot: Bot, told: Told) -> None:
    sender = telegram(bot, told, pause_seconds=0.4)
    sender.send("first")
    bot.wait_for(1)
    for number in range(20):
        sender.send(f"line {number}")
    first, second = bot.wait_for(2)
    sender.close()
    assert second.lines == [HEADER, *(f"line {number}" for number in range(20))]
    assert second.at - first.at > 0.35
    assert len(bot.asked) == 2


def test_no_message_is_too_long(bot: Bot, told: Told) -> None:
    sender = telegram(bot, told)
    bot.is_silent = True
    sender.send("first")
    bot.wait_for(1)
    for letter in ("x", "\U0001f40e", "é"):
        sender.send(letter * 5000)
    for _ in range(3):
        sender.send("y" * 2000)
    bot.is_silent = False
    bot.released.set()
    sender.close()
    for message in bot.asked:
        assert message.lines[0] == HEADER
        assert len(message.document["text"].encode("utf-16-le")) // 2 <= MAX_MESSAGE
    assert [line[:1] for line in bot.lines] == ["f", "x", "\U0001f40e", "é", "y", "y", "y"]
    assert [len(message.lines) for message in bot.asked] == [2, 2, 2, 2, 3, 2]
    assert all(line.endswith("…") for line in bot.lines[1:4])


def test_nobody_waits_and_what_is_dropped_is_counted(bot: Bot, told: Told) -> None:
    sender = telegram(bot, told)
    bot.is_silent = True
    sender.send("first")
    bot.wait_for(1)
    began = time.monotonic()
    for number in range(MAX_WAITING + 50):
        sender.send(str(number))
    assert time.monotonic() - began < 0.5
    bot.is_silent = False
    bot.released.set()
    sender.close()
    assert bot.lines == ["first", *map(str, range(MAX_WAITING))]
    assert told.events == [("warning", "notices_dropped", {"lines": 50, "why": "too many waited"})]


def test_the_end_does_not_wait_for_ever(bot: Bot, told: Told) -> None:
    sender = telegram(bot, told)
    bot.is_silent = True
    sender.send("first")
    bot.wait_for(1)
    sender.send("second")
    began = time.monotonic()
    sender.close(0.3)
    assert time.monotonic() - began < 2
    assert told.events == [("warning", "notices_lost", {"lines": 1, "why": "not delivered before the end"})]
    sender.send("too late")


def test_a_wait_that_is_asked_for_is_kept(bot: Bot, told: Told) -> None:
    bot.script.append((429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 1}}))
    sender = telegram(bot, told)
    sender.send("first")
    first, second = bot.wait_for(2)
    assert second.document == first.document
    assert second.at - first.at > 0.95
    sender.close()
    assert told.events == []


def test_a_wait_beyond_the_end_is_not_waited_for(bot: Bot, told: Told) -> None:
    bot.script.append((429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 600}}))
    sender = telegram(bot, told)
    sender.send("first")
    bot.wait_for(1)
    began = time.monotonic()
    sender.close()
    assert time.monotonic() - began < 2
    assert told.events == [("warning", "notices_lost", {"lines": 1, "why": "HTTP 429 Too Many Requests"})]


@pytest.mark.parametrize("answer", [(500, b"<html>"), (0, None), (502, {"ok": False, "description": "Bad Gateway"})])
def test_a_server_that_fails_is_asked_again(answer: tuple[int, Any], bot: Bot, told: Told) -> None:
    bot.script.extend([answer, answer])
    sender = telegram(bot, told)
    sender.send("first")
    bot.wait_for(1 if answer[0] == 0 else 3)
    sender.close()
    assert bot.lines[-1] == "first"
    assert told.events == []


def test_a_server_that_goes_on_failing_costs_the_message(bot: Bot, told: Told) -> None:
    bot.script.extend([(500, b"")] * 5)
    sender = telegram(bot, told)
    sender.send("first")
    bot.wait_for(5)
    sender.send("second")
    bot.wait_for(6)
    sender.close()
    assert [message.lines[1] for message in bot.asked] == [*["first"] * 5, "second"]
    assert told.events == [("warning", "notices_lost", {"lines": 1, "why": "HTTP 500"})]


def test_a_message_that_is_refused_is_not_sent_again(bot: Bot, told: Told) -> None:
    bot.script.append((400, {"ok": False, "description": f"Bad Request: {TOKEN} \x1b"}))
    sender = telegram(bot, told)
    sender.send("first")
    bot.wait_for(1)
    sender.send("second")
    bot.wait_for(2)
    sender.close()
    assert told.events == [("warning", "notices_lost", {"lines": 1, "why": "HTTP 400 Bad Request: [secret] \ufffd"})]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_that_is_refused_is_not_tried_again(status: int, bot: Bot, told: Told) -> None:
    bot.script.append((status, {"ok": False, "description": "Unauthorized"}))
    sender = telegram(bot, told)
    sender.send("first")
    bot.wait_for(1)
    assert told.heard.wait(10)
    sender.send("second")
    sender.close()
    assert len(bot.asked) == 1
    refused, lost = told.events
    assert refused == ("error", "notices_refused", {"lines": 1, "why": f"HTTP {status} Unauthorized; no more are sent"})
    assert lost[2]["lines"] == 1


@pytest.mark.parametrize("how", ["answered", "refused", "hung up", "nobody there"])
def test_the_token_is_in_no_log(how: str, bot: Bot, told: Told, caplog: pytest.LogCaptureFixture) -> None:
    """The client library logs the address of each request, and its errors show it."""
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    answers: dict[str, list[tuple[int, Any]]] = {"refused": [(400, {"description": TOKEN})], "hung up": [(0, b"")] * 9}
    bot.script.extend(answers.get(how, []))
    url = "http://127.0.0.1:1" if how == "nobody there" else bot.url
    secrets = TelegramSecrets(token=SecretStr(TOKEN), chat=CHAT, url=url)
    sender = Telegram(secrets, HEADER, told, pause_seconds=0.01)
    sender.send("first")
    sender.close(1.0)
    assert ("sendMessage" in caplog.text) == (how in {"answered", "refused"})
    said = f"{caplog.text} {told.events} {secrets!r} {sender!r}"
    assert TOKEN not in said
    assert TOKEN.partition(":")[2] not in said
    assert (told.names == []) == (how == "answered")


# --- Settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"token": SecretStr("secret-word")},
        {"token": SecretStr("123:secret-word/../x")},
        {"chat": "ann"},
        {"chat": "@a b"},
        {"url": "http://example.com"},
        {"url": "ftp://127.0.0.1"},
        {"url": "https://ann:secret-word@example.com"},
        {"url": "https://:secret-word@example.com"},
        {"url": "https://example.com:0"},
        {"url": "https://example.com:99999"},
        {"url": "https://example.com/?secret-word"},
        {"url": "https://example.com/#secret-word"},
        {"url": "https://[secret-word"},
    ],
    ids=str,
)
def test_wrong_settings(changed: dict[str, Any], told: Told) -> None:
    fine: dict[str, Any] = {"token": SecretStr(TOKEN), "chat": CHAT, "url": None}
    with pytest.raises(ConfigError, match="notifications: ") as raised:
        Telegram(TelegramSecrets(**fine | changed), HEADER, told)
    assert "secret-word" not in str(raised.value)


def test_nothing_named_means_no_notifications() -> None:
    assert telegram_secrets({}) is None
    with pytest.raises(ConfigError, match="not set: POLICYTRADER_TELEGRAM_CHAT;"):
        telegram_secrets({"POLICYTRADER_TELEGRAM_TOKEN": TOKEN})
    with pytest.raises(ConfigError, match="not set: POLICYTRADER_TELEGRAM_TOKEN;"):
        telegram_secrets({"POLICYTRADER_TELEGRAM_CHAT": CHAT})
    found = telegram_secrets({"POLICYTRADER_TELEGRAM_TOKEN": TOKEN, "POLICYTRADER_TELEGRAM_CHAT": CHAT})
    assert found is not None
    assert (found.chat, found.url, TOKEN in repr(found)) == (CHAT, None, False)
