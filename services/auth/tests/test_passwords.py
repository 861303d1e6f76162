"""Passwords: what is taken, how they are changed, and how a forgotten one is set anew."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

import pytest
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr

from auth.clients import Client
from auth.password_rules import check_password
from auth.people import WrongCredentials
from auth.settings import Settings
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import InvalidRequest, NotAllowed, NotFound, NotSignedIn, Refused, TooManyTries
from ledgerport_libs.identity import Person
from tests.auth_office import PASSWORD, Intuit, Office, Shopify, office_over

NEW = "a much better one"
HOME = Client("203.0.113.5")


@dataclass
class MailServer:
    """A real SMTP server that keeps what it is handed."""

    letters: list[Message] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:
        self.letters.append(message_from_bytes(envelope.content))  # type: ignore[attr-defined]
        return "250 OK"

    def text(self, number: int = -1) -> str:
        payload = self.letters[number].get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode()

    def token(self, number: int = -1) -> str:
        found = re.search(r"/reset-password\?token=(\S+)", self.text(number))
        assert found
        return found[1]


@pytest.fixture
async def mailbox() -> AsyncIterator[MailServer]:
    kept = MailServer()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(kept), "127.0.0.1", 0)
    kept.port = server.sockets[0].getsockname()[1]
    yield kept
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def posting(office: Office) -> AsyncIterator[None]:
    work = asyncio.create_task(office.desks.mail.run())
    try:
        yield
        await asyncio.wait_for(office.desks.mail.settled(), 10)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@pytest.fixture
async def post_office(
    settings: Settings, intuit: Intuit, shopify: Shopify, mailbox: MailServer
) -> AsyncIterator[Office]:
    told = settings.model_copy(update={"smtp_url": SecretStr(f"smtp://127.0.0.1:{mailbox.port}")})
    async with office_over(told, intuit, shopify) as made:
        yield made


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("nine char", "PASSWORD_TOO_SHORT"),
        ("x" * 1025, "PASSWORD_TOO_LONG"),
        ("1234567890", "PASSWORD_TOO_COMMON"),
        ("PassWord123", "PASSWORD_TOO_COMMON"),
        ("aaaaaaaaaaaaaa", "PASSWORD_TOO_COMMON"),
        ("correct horse battery staple", "PASSWORD_TOO_COMMON"),
        ("olga.petrova@example.test", "PASSWORD_IS_EMAIL"),
        ("Olga.Petrova", "PASSWORD_IS_EMAIL"),
    ],
)
def test_a_password_that_is_guessed_first_is_not_taken(password: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_password(password, "olga.petrova@example.test")
    assert refused.value.reason == reason


@pytest.mark.parametrize("password", ["only small letters", "0417 2258 9631", "ünïcödé wörds", "a" * 500 + "bcd"])
def test_no_kind_of_character_is_asked_for(password: str) -> None:
    check_password(password, "olga@example.test")


async def test_a_changed_password_needs_the_old_one_and_ends_the_other_sessions(office: Office) -> None:
    people, person = office.desks.people, await office.owner()
    here = await people.sign_in(person.email, PASSWORD)
    there = await people.sign_in(person.email, PASSWORD)
    caller = await office.person(here.token)
    with pytest.raises(WrongCredentials) as wrong:
        await office.desks.resets.change(caller, "not the old one", NEW)
    assert wrong.value.reason == "WRONG_PASSWORD"
    with pytest.raises(InvalidRequest):
        await office.desks.resets.change(caller, PASSWORD, "short")
    await people.resolve(there.token)
    await office.desks.resets.change(caller, PASSWORD, NEW)
    await people.resolve(here.token)
    with pytest.raises(NotSignedIn):
        await people.resolve(there.token)
    with pytest.raises(WrongCredentials):
        await people.sign_in(person.email, PASSWORD)
    assert (await people.sign_in(person.email, NEW)).token


async def test_an_old_password_is_not_guessed_by_whoever_holds_a_session(office: Office) -> None:
    caller = await office.owner()
    outcomes = await asyncio.gather(
        *(office.desks.resets.change(caller, f"guess {number}", NEW) for number in range(12)), return_exceptions=True
    )
    assert sum(isinstance(each, TooManyTries) for each in outcomes) == 7


async def test_a_reset_by_mail_works_once_and_ends_all_sessions(post_office: Office, mailbox: MailServer) -> None:
    people, person = post_office.desks.people, await post_office.owner()
    session = await people.sign_in(person.email, PASSWORD)
    async with posting(post_office):
        await post_office.desks.resets.ask(f"  {person.email.upper()} ", HOME)
    letter = mailbox.letters[0]
    assert letter["to"] == person.email
    assert letter["subject"] == "Your new LedgerPort password"
    token = mailbox.token()
    assert token not in str(post_office.rows("SELECT r::text FROM password_reset r")), "only its hash is kept"
    async with posting(post_office):
        await post_office.desks.resets.reset(token, NEW, HOME)
    assert "was changed" in mailbox.text()
    with pytest.raises(NotSignedIn):
        await people.resolve(session.token)
    with pytest.raises(Refused, match="no such link"):
        await post_office.desks.resets.reset(token, "another one here", HOME)
    assert (await people.sign_in(person.email, NEW, HOME)).token


async def test_two_at_once_use_one_link_once(post_office: Office, mailbox: MailServer) -> None:
    person = await post_office.owner()
    async with posting(post_office):
        await post_office.desks.resets.ask(person.email, HOME)
    token = mailbox.token()
    outcomes = await asyncio.gather(
        *(post_office.desks.resets.reset(token, f"{NEW} {number}", HOME) for number in range(2)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Refused) for each in outcomes) == 1


async def test_a_link_ends_after_half_an_hour(post_office: Office, mailbox: MailServer) -> None:
    person = await post_office.owner()
    async with posting(post_office):
        await post_office.desks.resets.ask(person.email, HOME)
    left = "SELECT round(extract(epoch FROM expires_at - now()) / 60) FROM password_reset"
    assert post_office.rows(left) == [(30,)]
    post_office.change("UPDATE password_reset SET expires_at = now() - interval '1 second'")
    with pytest.raises(Refused) as over:
        await post_office.desks.resets.reset(mailbox.token(), NEW, HOME)
    assert over.value.reason == "RESET_INVALID"
    await post_office.desks.people.prune()
    assert post_office.rows("SELECT count(*) FROM password_reset") == [(0,)]


async def test_an_unknown_e_mail_hears_the_same_and_no_letter_goes_out(
    post_office: Office, mailbox: MailServer
) -> None:
    async with posting(post_office):
        await post_office.desks.resets.ask("nobody@example.test", HOME)
        await post_office.desks.resets.ask("no e-mail at all", HOME)
    assert mailbox.letters == []


async def test_letters_to_one_e_mail_and_questions_from_one_address_have_a_bound(
    post_office: Office, mailbox: MailServer
) -> None:
    person = await post_office.owner()
    async with posting(post_office):
        for number in range(8):
            await post_office.desks.resets.ask(person.email, Client(f"192.0.2.{number + 1}"))
    assert len(mailbox.letters) == 5
    for number in range(5):
        assert mailbox.token(number), "each link that was sent works: nobody can spoil another one's"
    asked = (post_office.desks.resets.ask(f"x{number}@example.test", HOME) for number in range(25))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, TooManyTries) for each in outcomes) == 5


async def test_without_mail_an_admin_hands_a_link_over(office: Office) -> None:
    owner = await office.owner()
    invited = await office.desks.members.invite(owner, "vera@example.test", access_pb2.ROLE_VIEWER)
    session = await office.desks.people.sign_up("vera@example.test", PASSWORD, "Vera", "", invited.token)
    vera = await office.person(session.token)
    await office.desks.resets.ask(vera.email, HOME)
    assert office.rows("SELECT count(*) FROM password_reset") == [(0,)]
    ticket, email = await office.desks.resets.make_link(owner, vera.user_id)
    assert email == vera.email
    await office.desks.resets.reset(ticket.token, NEW, HOME)
    assert (await office.desks.people.sign_in(vera.email, NEW)).token


async def test_with_mail_nobody_hands_a_link_over(post_office: Office) -> None:
    owner = await post_office.owner()
    with pytest.raises(Refused) as refused:
        await post_office.desks.resets.make_link(owner, owner.user_id)
    assert refused.value.reason == "MAIL_IS_SENT"


async def test_no_link_opens_an_account_that_reaches_further_than_its_maker(office: Office) -> None:
    owner, host = await office.owner(), await office.owner("Host")
    invited = await office.desks.members.invite(host, owner.email, access_pb2.ROLE_VIEWER)
    await office.desks.members.accept(owner, invited.token)
    with pytest.raises(NotAllowed):  # a Viewer here, but the Owner of a Business of their own
        await office.desks.resets.make_link(host, owner.user_id)
    admin = await _joined(office, host, "ada", access_pb2.ROLE_ADMIN)
    with pytest.raises(NotAllowed):
        await office.desks.resets.make_link(admin, host.user_id)
    with pytest.raises(NotFound):
        await office.desks.resets.make_link(admin, (await office.owner("Stranger")).user_id)


async def test_a_link_that_was_handed_over_ends_where_its_maker_no_longer_reaches(office: Office) -> None:
    owner = await office.owner()
    vera = await _joined(office, owner, "vera", access_pb2.ROLE_VIEWER)
    ticket, _ = await office.desks.resets.make_link(owner, vera.user_id)
    await office.desks.members.create_business(vera, "Vera's own")
    with pytest.raises(NotAllowed):
        await office.desks.resets.reset(ticket.token, NEW, HOME)
    assert (await office.desks.people.sign_in(vera.email, PASSWORD)).token


async def _joined(office: Office, owner: Person, name: str, role: access_pb2.Role.ValueType) -> Person:
    invited = await office.desks.members.invite(owner, f"{name}@example.test", role)
    ticket = await office.desks.people.sign_up(f"{name}@example.test", PASSWORD, name, "", invited.token)
    return await office.person(ticket.token)
