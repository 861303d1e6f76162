"""Roles: who may change whose, the Owner who must always be there, and more than one Business."""

from __future__ import annotations

import asyncio

import pytest

from auth.members import LastOwner
from auth.people import current_of
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import InvalidRequest, NotAllowed, NotFound, Refused
from ledgerport_libs.identity import Person
from tests.auth_office import PASSWORD, Office

VIEWER, BOOKKEEPER = access_pb2.ROLE_VIEWER, access_pb2.ROLE_BOOKKEEPER
ADMIN, OWNER = access_pb2.ROLE_ADMIN, access_pb2.ROLE_OWNER


async def joined(office: Office, owner: Person, name: str, role: access_pb2.Role.ValueType) -> Person:
    invited = await office.desks.members.invite(owner, f"{name}@example.test", role)
    ticket = await office.desks.people.sign_up(f"{name}@example.test", PASSWORD, name, "", invited.token)
    return await office.person(ticket.token)


async def role_now(office: Office, person: Person) -> int:
    return await office.desks.members.role_in(person.business_id, person.user_id)


async def test_a_changed_role_holds_for_the_next_call(office: Office) -> None:
    owner = await office.owner()
    person = await joined(office, owner, "vera", VIEWER)
    ticket = await office.desks.people.sign_in(person.email, PASSWORD)
    await office.desks.members.change_role(owner, person.user_id, ADMIN)
    _, memberships = await office.desks.people.resolve(ticket.token)
    assert current_of(memberships, "").role == ADMIN


async def test_an_admin_touches_no_owner_and_makes_none(office: Office) -> None:
    owner = await office.owner()
    admin = await joined(office, owner, "ada", ADMIN)
    viewer = await joined(office, owner, "vera", VIEWER)
    members = office.desks.members
    for forbidden in (
        members.change_role(admin, owner.user_id, VIEWER),
        members.change_role(admin, viewer.user_id, OWNER),
        members.remove(admin, owner.user_id),
        members.change_role(viewer, viewer.user_id, ADMIN),
        members.remove(viewer, admin.user_id),
    ):
        with pytest.raises(NotAllowed):
            await forbidden
    await members.change_role(admin, viewer.user_id, ADMIN)
    assert [await role_now(office, each) for each in (owner, admin, viewer)] == [OWNER, ADMIN, ADMIN]


async def test_the_role_of_now_counts_and_not_that_of_the_callers_token(office: Office) -> None:
    owner = await office.owner()
    admin, viewer = await joined(office, owner, "ada", ADMIN), await joined(office, owner, "vera", VIEWER)
    await office.desks.members.change_role(owner, admin.user_id, VIEWER)
    assert admin.role == ADMIN, "the token still says so"
    with pytest.raises(NotAllowed):
        await office.desks.members.change_role(admin, viewer.user_id, BOOKKEEPER)
    with pytest.raises(NotAllowed):
        await office.desks.members.revoke_invitation(admin, "any")


async def test_the_last_owner_stays(office: Office) -> None:
    owner = await office.owner()
    for attempt in (
        office.desks.members.change_role(owner, owner.user_id, ADMIN),
        office.desks.members.remove(owner, owner.user_id),
    ):
        with pytest.raises(LastOwner):
            await attempt
    second = await joined(office, owner, "olaf", OWNER)
    await office.desks.members.change_role(second, owner.user_id, VIEWER)
    assert [await role_now(office, each) for each in (owner, second)] == [VIEWER, OWNER]


@pytest.mark.parametrize("way", ["change", "remove"])
async def test_two_owners_who_depose_each_other_at_once_leave_one(
    office: Office, second_office: Office, way: str
) -> None:
    for _ in range(8):
        first = await office.owner()
        second = await joined(office, first, f"o{first.user_id[:8]}", OWNER)
        outcomes = await asyncio.gather(
            *(
                desk.change_role(by, whom.user_id, ADMIN) if way == "change" else desk.remove(by, whom.user_id)
                for desk, by, whom in (
                    (office.desks.members, first, second),
                    (second_office.desks.members, second, first),
                )
            ),
            return_exceptions=True,
        )
        owners = "SELECT count(*) FROM membership WHERE business_id = %s AND role = 4"
        assert office.rows(owners, first.business_id) == [(1,)]
        assert sum(isinstance(each, NotAllowed | LastOwner) for each in outcomes) == 1


async def test_a_removed_member_is_out_at_once_with_tokens_and_invitations(office: Office) -> None:
    owner = await office.owner()
    admin = await joined(office, owner, "ada", ADMIN)
    token, _ = await office.desks.api_tokens.create(admin, "nightly", ADMIN, 7)
    invited = await office.desks.members.invite(admin, "new@example.test", VIEWER)
    ticket = await office.desks.people.sign_in(admin.email, PASSWORD)
    await office.desks.members.remove(owner, admin.user_id)
    session, memberships = await office.desks.people.resolve(ticket.token)
    assert (session.email, memberships) == (admin.email, []), "the account stays, without a Business"
    with pytest.raises(NotAllowed):
        current_of(memberships, "")
    with pytest.raises(Exception, match="no such API token"):
        await office.desks.api_tokens.behind(token)
    with pytest.raises(Refused, match="invitation"):
        await office.desks.people.sign_up("new@example.test", PASSWORD, "N", "", invited.token)
    assert office.rows("SELECT count(*) FROM api_token WHERE revoked_at IS NULL") == [(0,)]


async def test_members_of_another_business_cannot_be_touched(office: Office) -> None:
    owner, other = await office.owner(), await office.owner("Other")
    with pytest.raises(NotFound):
        await office.desks.members.change_role(owner, other.user_id, VIEWER)
    with pytest.raises(NotFound):
        await office.desks.members.remove(owner, other.user_id)
    with pytest.raises(InvalidRequest):
        await office.desks.members.change_role(owner, owner.user_id, access_pb2.ROLE_UNSPECIFIED)


async def test_open_invitations_are_listed_and_taken_back_by_their_own_business(office: Office) -> None:
    owner, other = await office.owner(), await office.owner("Other")
    invited = await office.desks.members.invite(owner, "new@example.test", VIEWER)
    listed = await office.desks.members.invitations(owner.business_id)
    assert [(each.email, each.role, each.invited_by) for each in listed] == [("new@example.test", VIEWER, owner.email)]
    await office.desks.members.revoke_invitation(other, listed[0].id)
    assert len(await office.desks.members.invitations(owner.business_id)) == 1
    await office.desks.members.revoke_invitation(owner, listed[0].id)
    assert await office.desks.members.invitations(owner.business_id) == []
    with pytest.raises(Refused, match="invitation"):
        await office.desks.people.sign_up("new@example.test", PASSWORD, "N", "", invited.token)


async def test_one_person_founds_a_second_business_and_joins_a_third(office: Office) -> None:
    person, host = await office.owner(), await office.owner("Host")
    made = await office.desks.members.create_business(person, "Second")
    invited = await office.desks.members.invite(host, person.email, BOOKKEEPER)
    with pytest.raises(Refused, match="invitation"):
        await office.desks.members.accept(await office.owner("Stranger"), invited.token)
    third = await office.desks.members.accept(person, invited.token)
    ticket = await office.desks.people.sign_in(person.email, PASSWORD)
    _, memberships = await office.desks.people.resolve(ticket.token)
    assert [(each.business_id, each.role) for each in memberships] == [
        (person.business_id, OWNER),
        (made.business_id, OWNER),
        (host.business_id, BOOKKEEPER),
    ]
    assert current_of(memberships, third.business_id).role == BOOKKEEPER
    with pytest.raises(Refused):
        await office.desks.members.accept(person, invited.token)
