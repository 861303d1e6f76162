"""Which passwords are taken: long enough, not among the commonest, not made of the e-mail. Nothing else counts."""

from __future__ import annotations

from importlib import resources

from ledgerport_libs.errors import InvalidRequest

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1024
_COMMONEST = frozenset(resources.files("auth").joinpath("common_passwords.txt").read_text().split("\n")) - {""}
_LEAST_DIFFERENT = 4


def check_password(password: str, email: str = "") -> None:
    """InvalidRequest with what is wrong. No rule about kinds of characters, as OWASP ASVS 5.0 section 6.2 asks."""
    if len(password) < SHORTEST_PASSWORD:
        raise _bad("PASSWORD_TOO_SHORT", f"A password needs at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise _bad("PASSWORD_TOO_LONG", f"A password has at most {LONGEST_PASSWORD} characters.")
    plain = password.strip().lower()
    if plain in _COMMONEST or len(set(plain)) < _LEAST_DIFFERENT:
        raise _bad("PASSWORD_TOO_COMMON", "This password is one of the first that are guessed. Please choose another.")
    name = email.partition("@")[0]
    if email and plain in {email, name, email * 2, name * 2, email[::-1], email.replace("@", "")}:
        raise _bad("PASSWORD_IS_EMAIL", "Your e-mail address is no secret. Please choose another password.")


def _bad(reason: str, say: str) -> InvalidRequest:
    return InvalidRequest(reason, reason=reason, say=say)
