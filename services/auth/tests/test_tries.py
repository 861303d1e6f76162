"""Guessing is slowed down, and nobody can use that to keep somebody else out."""

from __future__ import annotations

import asyncio

import pytest

from auth.clients import Client
from auth.people import WrongCredentials
from auth.tries import in_words
from ledgerport_libs.errors import TooManyTries
from tests.auth_office import PASSWORD, Office

HOME, CAFE, ATTACKER = Client("203.0.113.5"), Client("198.51.100.7"), Client("192.0.2.66")


async def outcomes(office: Office, email: str, client: Client, times: int) -> list[str]:
    tries = (office.desks.people.sign_in(email, "a guess, wrong", client) for _ in range(times))
    found = await asyncio.gather(*tries, return_exceptions=True)
    return [type(each).__name__ for each in found]


async def owner_at_home(office: Office) -> str:
    await office.desks.people.sign_up("olga@example.test", PASSWORD, "Olga", "B", "", HOME)
    return "olga@example.test"


@pytest.mark.parametrize("known", [True, False])
async def test_many_guesses_at_once_from_one_address_are_as_many_guesses(office: Office, known: bool) -> None:
    email = await owner_at_home(office) if known else "nobody@example.test"
    found = await outcomes(office, email, ATTACKER, 14)
    assert found.count("WrongCredentials") == 5
    assert found.count("TooManyTries") == 9


async def test_each_wait_is_twice_as_long_as_the_one_before_and_has_an_end(office: Office) -> None:
    email = await owner_at_home(office)
    await outcomes(office, email, ATTACKER, 5)
    waits = []
    for _ in range(9):
        with pytest.raises(TooManyTries) as refused:
            await office.desks.people.sign_in(email, PASSWORD, ATTACKER)
        waits.append(refused.value.say.partition("wait ")[2])
        office.change("UPDATE counted_try SET free_at = now()")
        with pytest.raises(WrongCredentials):
            await office.desks.people.sign_in(email, "a guess, wrong", ATTACKER)
    assert waits[:3] == ["15 seconds.", "30 seconds.", "60 seconds."]
    assert waits[-1] == waits[-2] == "15 minutes."


async def test_an_attacker_at_one_address_keeps_nobody_out(office: Office) -> None:
    email = await owner_at_home(office)
    await outcomes(office, email, ATTACKER, 20)
    for client in (HOME, CAFE):
        assert (await office.desks.people.sign_in(email, PASSWORD, client)).token


async def test_many_attackers_slow_strangers_down_but_never_a_known_address(office: Office) -> None:
    email = await owner_at_home(office)
    crowd = (outcomes(office, email, Client(f"192.0.2.{number}"), 2) for number in range(1, 21))
    found = [each for some in await asyncio.gather(*crowd) for each in some]
    assert found.count("WrongCredentials") == 30
    assert (await office.desks.people.sign_in(email, PASSWORD, HOME)).token
    office.change("UPDATE counted_try SET free_at = now() + interval '30 seconds' WHERE number >= 30")
    with pytest.raises(TooManyTries):
        await office.desks.people.sign_in(email, PASSWORD, CAFE)
    assert (await office.desks.people.sign_in(email, PASSWORD, HOME)).token
    office.change("UPDATE counted_try SET free_at = now() WHERE number >= 30")
    assert (await office.desks.people.sign_in(email, PASSWORD, CAFE)).token, "a stranger only waits"
    await outcomes(office, email, Client("192.0.2.99"), 3)
    assert (await office.desks.people.sign_in(email, PASSWORD, CAFE)).token, "and is known from then on"


async def test_tries_are_forgotten_after_an_hour_and_by_success(office: Office) -> None:
    email = await owner_at_home(office)
    await outcomes(office, email, HOME, 4)
    await office.desks.people.sign_in(email, PASSWORD, HOME)
    assert (await outcomes(office, email, HOME, 5)).count("WrongCredentials") == 5
    office.change("UPDATE counted_try SET last_at = now() - interval '61 minutes'")
    assert (await outcomes(office, email, HOME, 5)).count("WrongCredentials") == 5
    office.change("UPDATE counted_try SET last_at = now() - interval '61 minutes'")
    await office.desks.people.prune()
    assert office.rows("SELECT count(*) FROM counted_try") == [(0,)]


async def test_neither_addresses_nor_e_mails_can_be_read_in_what_is_counted(office: Office) -> None:
    await outcomes(office, "nobody@example.test", ATTACKER, 2)
    kept = str(office.rows("SELECT t::text FROM counted_try t"))
    assert "nobody" not in kept
    assert "192.0.2" not in kept


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("not an address", ""),
        ("", ""),
    ],
)
def test_a_household_is_one_place_and_what_is_no_address_is_none(address: str, place: str) -> None:
    assert Client.of(address, "").place == place


def test_a_wait_is_told_in_words() -> None:
    assert [in_words(each) for each in (1, 30, 90, 900)] == ["a second", "30 seconds", "2 minutes", "15 minutes"]
