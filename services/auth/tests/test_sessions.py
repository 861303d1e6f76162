"""A person's own sessions: seen, ended one by one or all at once, and never outliving their limits."""

from __future__ import annotations

import pytest

from auth.clients import Client
from auth.sessions import Sessions
from auth.tokens import Ticket
from ledgerport_libs.errors import NotSignedIn
from tests.auth_office import PASSWORD, Office

FIREFOX = Client("203.0.113.5", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0")


async def alive(office: Office, *tickets: Ticket) -> list[bool]:
    found = []
    for ticket in tickets:
        try:
            await office.desks.people.resolve(ticket.token)
        except NotSignedIn:
            found.append(False)
        else:
            found.append(True)
    return found


async def test_a_person_sees_where_they_are_signed_in(office: Office) -> None:
    people = office.desks.people
    await people.sign_up("a@example.test", PASSWORD, "A", "B", "")
    await office.owner("Other")
    person = await office.person((await people.sign_in("a@example.test", PASSWORD, FIREFOX)).token)
    seen = await office.desks.sessions.of_person(person)
    assert len(seen) == 2
    assert (seen[0].id, seen[0].address, seen[0].user_agent) == (
        person.session_id,
        FIREFOX.address,
        FIREFOX.user_agent,
    )


async def test_the_last_address_is_kept_beside_the_last_moment(office: Office) -> None:
    person = await office.owner()
    ticket = await office.desks.people.sign_in(person.email, PASSWORD, FIREFOX)
    office.change("UPDATE session SET seen_at = now() - interval '5 minutes'")
    await office.desks.people.resolve(ticket.token, Client("198.51.100.7"))
    moved = (await office.desks.sessions.of_person(person))[0]
    assert moved.address == "198.51.100.7"
    assert office.rows("SELECT count(*) FROM session WHERE seen_at > now() - interval '1 minute'") == [(1,)]


async def test_one_session_is_signed_out_and_only_by_its_own_person(office: Office) -> None:
    people, sessions = office.desks.people, office.desks.sessions
    person, other = await office.owner(), await office.owner("Other")
    ticket = await people.sign_in(person.email, PASSWORD)
    session_id = (await people.resolve(ticket.token))[0].session_id
    await sessions.end(other, session_id)
    assert await alive(office, ticket) == [True]
    await sessions.end(person, session_id)
    await sessions.end(person, session_id)
    assert await alive(office, ticket) == [False]


async def test_sign_out_everywhere_ends_all_and_all_others_all_but_one(office: Office) -> None:
    person, other = await office.owner(), await office.owner("Other")
    tickets = [await office.desks.people.sign_in(person.email, PASSWORD) for _ in range(3)]
    stays = await office.desks.people.sign_in(other.email, PASSWORD)
    here = await office.person(tickets[0].token)
    assert await office.desks.sessions.end_all(here, keep_current=True) == 3
    assert await alive(office, *tickets) == [True, False, False]
    assert await office.desks.sessions.end_all(here, keep_current=False) == 1
    assert await alive(office, *tickets, stays) == [False, False, False, True]


async def test_the_limits_are_those_of_the_settings(office: Office) -> None:
    person = await office.owner()
    short = office.settings.model_copy(update={"session_idle_seconds": 60.0, "session_absolute_seconds": 600.0})
    strict = Sessions(office.db, short)
    for ending in ("seen_at = now() - interval '61 seconds'", "created_at = now() - interval '601 seconds'"):
        ticket = await office.desks.people.sign_in(person.email, PASSWORD)
        async with office.db.transaction() as tx:
            assert (await strict.of(tx, ticket.token)).person_id == person.user_id
        office.change(f"UPDATE session SET {ending}")  # noqa: S608
        with pytest.raises(NotSignedIn):
            async with office.db.transaction() as tx:
                await strict.of(tx, ticket.token)
        assert await strict.of_person(person) == []
        assert await alive(office, ticket) == [True], "the wider limits of the product still let it in"


async def test_being_busy_does_not_lengthen_a_session_beyond_its_age(office: Office) -> None:
    person = await office.owner()
    ticket = await office.desks.people.sign_in(person.email, PASSWORD)
    office.change("UPDATE session SET created_at = now() - interval '31 days', seen_at = now()")
    assert await alive(office, ticket) == [False]
