"""People, sessions and invitations."""

from __future__ import annotations

import asyncio

import pytest

from auth.people import WrongCredentials, current_of
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import InvalidRequest, NotAllowed, NotSignedIn, Refused
from tests.auth_office import PASSWORD, Office


async def test_a_sign_up_makes_a_person_who_owns_a_new_business(office: Office) -> None:
    people = office.desks.people
    ticket = await people.sign_up("  Owner@Example.TEST ", PASSWORD, "Olga", "Olga's Outfits", "")
    session, memberships = await people.resolve(ticket.token)
    assert session.email == "owner@example.test"
    assert [(each.business_name, each.role) for each in memberships] == [("Olga's Outfits", access_pb2.ROLE_OWNER)]


async def test_an_email_is_taken_once_also_by_two_at_once(office: Office) -> None:
    people = office.desks.people
    outcomes = await asyncio.gather(
        *(people.sign_up("same@example.test", PASSWORD, "", "B", "") for _ in range(2)), return_exceptions=True
    )
    assert [each.reason for each in outcomes if isinstance(each, Refused)] == ["EMAIL_TAKEN"]
    assert office.rows("SELECT count(*) FROM business") == [(1,)]


@pytest.mark.parametrize(
    ("email", "password", "business"),
    [
        ("no-at-sign", PASSWORD, "B"),
        ("a b@example.test", PASSWORD, "B"),
        ("@example.test", PASSWORD, "B"),
        ("a@example.test", "too short", "B"),
        ("a@example.test", "x" * 2000, "B"),
        ("a@example.test", PASSWORD, "  "),
    ],
)
async def test_what_cannot_be_an_account_is_refused(office: Office, email: str, password: str, business: str) -> None:
    with pytest.raises(InvalidRequest):
        await office.desks.people.sign_up(email, password, "", business, "")


async def test_a_wrong_password_and_an_unknown_email_hear_the_same(office: Office) -> None:
    owner = await office.owner()
    answers = []
    for email in (owner.email, "nobody@example.test"):
        with pytest.raises(WrongCredentials) as wrong:
            await office.desks.people.sign_in(email, "not the password")
        answers.append((wrong.value.reason, wrong.value.say, str(wrong.value)))
    assert answers[0] == answers[1]
    assert (await office.desks.people.sign_in(owner.email.upper(), PASSWORD)).token


async def test_a_session_ends_by_sign_out_by_idleness_and_by_age(office: Office) -> None:
    people = office.desks.people
    owner = await office.owner()
    for ending in ("", "seen_at = now() - interval '13 hours'", "created_at = now() - interval '31 days'"):
        ticket = await people.sign_in(owner.email, PASSWORD)
        assert (await people.resolve(ticket.token))[0].person_id == owner.user_id
        if ending:
            office.change(f"UPDATE session SET {ending}")  # noqa: S608
        else:
            await people.sign_out(ticket.token)
            await people.sign_out(ticket.token)
        with pytest.raises(NotSignedIn):
            await people.resolve(ticket.token)
    await people.prune()
    assert office.rows("SELECT count(*) FROM session") == [(0,)]


async def test_neither_session_tokens_nor_passwords_are_kept(office: Office) -> None:
    ticket = await office.desks.people.sign_up("a@example.test", PASSWORD, "A", "B", "")
    kept = str(office.rows("SELECT s::text FROM session s UNION ALL SELECT p::text FROM person p"))
    assert ticket.token not in kept
    assert PASSWORD not in kept
    assert "$argon2id$" in kept


async def test_an_invitation_joins_once_and_only_its_own_email(office: Office) -> None:
    people, owner = office.desks.people, await office.owner()
    invited = await office.desks.members.invite(owner, "new@example.test", access_pb2.ROLE_BOOKKEEPER)
    with pytest.raises(Refused, match="invitation"):
        await people.sign_up("other@example.test", PASSWORD, "O", "", invited.token)
    ticket = await people.sign_up("new@example.test", PASSWORD, "N", "", invited.token)
    _, memberships = await people.resolve(ticket.token)
    assert [(each.business_id, each.role) for each in memberships] == [(owner.business_id, access_pb2.ROLE_BOOKKEEPER)]
    with pytest.raises(Refused, match="invitation"):
        await people.sign_up("again@example.test", PASSWORD, "A", "", invited.token)
    assert [each.email for each in await office.desks.members.of_business(owner.business_id)] == [
        owner.email,
        "new@example.test",
    ]


async def test_whoever_has_an_account_joins_with_it_by_its_password(office: Office) -> None:
    people, owner, other = office.desks.people, await office.owner(), await office.owner("Other")
    invited = await office.desks.members.invite(owner, other.email, access_pb2.ROLE_VIEWER)
    with pytest.raises(WrongCredentials):
        await people.sign_up(other.email, "a wrong password", "", "", invited.token)
    ticket = await people.sign_up(other.email, PASSWORD, "", "", invited.token)
    _, memberships = await people.resolve(ticket.token)
    assert [(each.business_id, each.role) for each in memberships] == [
        (other.business_id, access_pb2.ROLE_OWNER),
        (owner.business_id, access_pb2.ROLE_VIEWER),
    ]


async def test_nobody_invites_above_their_own_role(office: Office) -> None:
    people, owner = office.desks.people, await office.owner()
    invited = await office.desks.members.invite(owner, "admin@example.test", access_pb2.ROLE_ADMIN)
    ticket = await people.sign_up("admin@example.test", PASSWORD, "Ada", "", invited.token)
    admin = await office.person(ticket.token)
    assert (await office.desks.members.invite(admin, "x@example.test", access_pb2.ROLE_ADMIN)).token
    with pytest.raises(NotAllowed):
        await office.desks.members.invite(admin, "y@example.test", access_pb2.ROLE_OWNER)
    office.change("UPDATE membership SET role = 1 WHERE role = 3")
    with pytest.raises(NotAllowed):
        await office.desks.members.invite(admin, "z@example.test", access_pb2.ROLE_VIEWER)


async def test_a_business_one_does_not_belong_to_cannot_be_acted_in(office: Office) -> None:
    owner, other = await office.owner(), await office.owner("Other")
    ticket = await office.desks.people.sign_in(owner.email, PASSWORD)
    _, memberships = await office.desks.people.resolve(ticket.token)
    assert current_of(memberships, "").business_id == owner.business_id
    with pytest.raises(NotAllowed):
        current_of(memberships, other.business_id)
