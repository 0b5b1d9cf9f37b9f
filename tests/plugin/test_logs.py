"""Logs hold no secret, in tracebacks neither."""

import io
import logging
from collections.abc import Iterator

import pytest

from plugin import logs


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    monkeypatch.setattr(logs, "_secrets", set())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    text = io.StringIO()
    logs.set_up(text)
    yield text
    root.handlers[:], root.level = handlers, level


def test_a_hidden_secret_is_on_no_line(stream: io.StringIO) -> None:
    logs.hide("T0pSecret")
    logging.getLogger("any").info("with %s inside", "xT0pSecretx")
    assert stream.getvalue() == "INFO with x[hidden]x inside\n"


def test_a_hidden_secret_is_in_no_traceback(stream: io.StringIO) -> None:
    logs.hide("T0pSecret")
    try:
        int("T0pSecret")
    except ValueError:
        logging.getLogger("any").exception("failed")
    assert "Traceback" in stream.getvalue()
    assert "T0pSecret" not in stream.getvalue()


@pytest.mark.parametrize("secret", [None, "", "  "])
def test_nothing_is_no_secret(stream: io.StringIO, secret: str | None) -> None:
    logs.hide(secret)
    logging.getLogger("any").info("a  b")
    assert stream.getvalue() == "INFO a  b\n"


def test_what_is_no_error_is_told_once_and_an_error_each_time(stream: io.StringIO) -> None:
    for name in ("a", "a", "b"):
        logging.getLogger("any").warning("slow levels in %s", name)
    for _ in range(2):
        logging.getLogger("any").info("it runs on cpu")
    for _ in range(2):
        logging.getLogger("any").error("failed")
    assert stream.getvalue().splitlines() == [
        "WARNING slow levels in a",
        "WARNING slow levels in b",
        "INFO it runs on cpu",
        "ERROR failed",
        "ERROR failed",
    ]


def test_what_timm_says_for_its_developers_is_on_no_line(stream: io.StringIO) -> None:
    timm = logging.getLogger("timm.layers.pos_embed")
    timm.info("Resized position embedding")
    timm.warning("something is wrong")
    assert stream.getvalue() == "WARNING something is wrong\n"
