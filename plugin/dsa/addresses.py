"""Addresses of archives: checked, and shown without secrets."""

from urllib.parse import urlsplit, urlunsplit

from patherea_core.errors import InputError


def checked_address(address: str) -> str:
    """Return an address of an archive's REST interface, without blanks around it or a slash behind.

    Raises:
        InputError: it is none.
    """
    plain = address.strip().rstrip("/")
    try:
        parts = urlsplit(plain)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, or half a pair of brackets
        good = False
    if not good:
        raise InputError(f"{safe_address(plain)!r} is no address; write http://…/api/v1")
    return plain


def safe_address(address: str) -> str:
    """Return an address without any login or password in it."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "…"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
