"""Single sign-on against a real provider: who gets in, to which account, and what a forged way back is worth."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import requests
from joserfc.jwk import RSAKey
from pydantic import SecretStr, ValidationError

from auth.clients import NOWHERE
from auth.people import PasswordsOff
from auth.settings import Settings
from auth.sign_on import Arrived, WayBack
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import NotSignedIn, PassingTrouble, Refused
from tests.auth_office import PASSWORD, Intuit, Office, Shopify, office_over, query_of
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider

BROWSER = "an unguessable mark of one browser"


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    with running_provider(settings.sign_on_redirect) as running:
        running.person["email_verified"] = True
        yield running


def told(settings: Settings, provider: Provider, **more: Any) -> Settings:
    known = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SecretStr(CLIENT_SECRET),
    }
    return settings.model_copy(update=known | more)


@pytest.fixture
async def desk(settings: Settings, provider: Provider, intuit: Intuit, shopify: Shopify) -> AsyncIterator[Office]:
    async with office_over(told(settings, provider), intuit, shopify) as made:
        yield made


@pytest.fixture
async def open_desk(settings: Settings, provider: Provider, intuit: Intuit, shopify: Shopify) -> AsyncIterator[Office]:
    """Whoever the provider knows gets an account."""
    async with office_over(told(settings, provider, oidc_auto_sign_up=True), intuit, shopify) as made:
        yield made


async def at_provider(office: Office, *, invitation: str = "", session: str = "") -> dict[str, str]:
    """From our sign-in page through the provider; what the browser brings back."""
    url = await office.desks.sign_on.start(BROWSER, invitation, session, "/audit-log")

    def walk() -> str:
        with requests.Session() as browser:
            browser.trust_env = False
            return browser.get(url, allow_redirects=False, timeout=10).headers["location"]

    return query_of(await asyncio.to_thread(walk))


async def arrive(office: Office, back: dict[str, str], **changes: str) -> Arrived:
    brought = {"state": back["state"], "code": back.get("code", ""), "error": back.get("error", "")}
    way = {"browser": BROWSER, "issuer": back.get("iss", ""), **brought, **changes}
    return await office.desks.sign_on.finish(WayBack(**way), NOWHERE)


async def signed_on(office: Office, **started: str) -> str:
    arrived = await arrive(office, await at_provider(office, **started))
    assert arrived.ticket is not None
    assert arrived.next == "/audit-log"
    return arrived.ticket.token


async def refusal(office: Office, back: dict[str, str] | None = None, **changes: str) -> str:
    with pytest.raises(Refused) as refused:
        await arrive(office, back or await at_provider(office), **changes)
    return refused.value.reason


async def test_an_invited_person_gets_an_account_that_later_sign_ons_open(desk: Office, provider: Provider) -> None:
    owner = await desk.owner()
    invited = await desk.desks.members.invite(owner, "olga@example.test", access_pb2.ROLE_BOOKKEEPER)
    first, memberships = await desk.desks.people.resolve(await signed_on(desk, invitation=invited.token))
    assert [(each.business_id, each.role) for each in memberships] == [(owner.business_id, access_pb2.ROLE_BOOKKEEPER)]
    provider.person["email"] = "olga.after.her.wedding@example.test"
    second, _ = await desk.desks.people.resolve(await signed_on(desk))
    assert second.person_id == first.person_id, "(issuer, subject) is who they are, not the e-mail"


async def test_who_is_not_invited_gets_no_account_unless_sign_up_is_open(desk: Office, open_desk: Office) -> None:
    assert await refusal(desk) == "NOT_INVITED"
    session, memberships = await open_desk.desks.people.resolve(await signed_on(open_desk))
    assert (session.email, memberships) == ("olga@example.test", [])


async def test_an_e_mail_that_the_provider_has_not_verified_opens_nothing(
    open_desk: Office, provider: Provider
) -> None:
    for unverified in (False, None, "false", 1, "yes"):
        provider.person["email_verified"] = unverified
        assert await refusal(open_desk) == "EMAIL_NOT_VERIFIED"
    assert open_desk.rows("SELECT count(*) FROM person") == [(0,)]


async def test_an_e_mail_alone_never_opens_an_account_that_is_not_linked(open_desk: Office, provider: Provider) -> None:
    people = open_desk.desks.people
    ticket = await people.sign_up("olga@example.test", PASSWORD, "Olga", "B", "")
    assert await refusal(open_desk) == "LINK_NEEDED"
    linked = await arrive(open_desk, await at_provider(open_desk, session=ticket.token))
    assert linked.ticket is None
    session, _ = await people.resolve(await signed_on(open_desk))
    assert session.person_id == (await people.resolve(ticket.token))[0].person_id
    other = await people.sign_up("other@example.test", PASSWORD, "O", "B", "")
    assert await refusal(open_desk, await at_provider(open_desk, session=other.token)) == "LINKED_ELSEWHERE"
    provider.person["sub"] = "2"
    assert await refusal(open_desk, await at_provider(open_desk, session=ticket.token)) == "LINKED_ELSEWHERE"


async def test_an_answer_is_used_once_in_its_own_browser_within_ten_minutes(open_desk: Office) -> None:
    back = await at_provider(open_desk)
    assert await refusal(open_desk, back, browser="another browser entirely") == "STATE_MISMATCH"
    assert await refusal(open_desk, back) == "STATE_MISMATCH", "a wrong browser uses it up, too"
    back = await at_provider(open_desk)
    assert (await arrive(open_desk, back)).ticket
    assert await refusal(open_desk, back) == "STATE_MISMATCH"
    back = await at_provider(open_desk)
    open_desk.change("UPDATE sign_on_state SET expires_at = now()")
    assert await refusal(open_desk, back) == "STATE_MISMATCH"
    await open_desk.desks.people.prune()
    assert open_desk.rows("SELECT count(*) FROM sign_on_state") == [(0,)]


async def test_two_callbacks_at_once_open_one_session(open_desk: Office) -> None:
    back = await at_provider(open_desk)
    outcomes = await asyncio.gather(*(arrive(open_desk, back) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(each, Arrived) for each in outcomes) == 1


async def test_a_code_of_another_way_is_refused_by_its_challenge(open_desk: Office) -> None:
    stolen, mine = await at_provider(open_desk), await at_provider(open_desk)
    assert await refusal(open_desk, mine, code=stolen["code"]) == "EXCHANGE_FAILED"


async def test_an_answer_of_another_issuer_is_not_taken_to_ours(open_desk: Office, provider: Provider) -> None:
    assert await refusal(open_desk, issuer="https://evil.test") == "EXCHANGE_FAILED"
    assert await refusal(open_desk, issuer="") == "EXCHANGE_FAILED", "ours always says who it is"
    assert provider.tokens == 0


FORGED: list[tuple[str, Callable[[Provider], None]]] = [
    ("another nonce", lambda p: p.claims.update(nonce="x")),
    ("no nonce", lambda p: p.claims.update(nonce=None)),
    ("another audience", lambda p: p.claims.update(aud="somebody-else")),
    ("several audiences", lambda p: p.claims.update(aud=[CLIENT_ID, "somebody-else"])),
    ("another issuer", lambda p: p.claims.update(iss="https://evil.test")),
    ("over", lambda p: p.claims.update(exp=int(time.time()) - 3600)),
    ("without an end", lambda p: p.claims.update(exp=None)),
    ("no subject", lambda p: p.claims.update(sub=None)),
    ("another key", lambda p: setattr(p, "signs_with", RSAKey.generate_key(2048))),
]


@pytest.mark.parametrize("forge", [each for _, each in FORGED], ids=[name for name, _ in FORGED])
async def test_a_forged_id_token_opens_nothing(
    open_desk: Office, provider: Provider, forge: Callable[[Provider], None]
) -> None:
    forge(provider)
    assert await refusal(open_desk) == "EXCHANGE_FAILED"
    assert open_desk.rows("SELECT count(*) FROM person") == [(0,)]


async def test_rotated_keys_of_the_provider_are_learned(open_desk: Office, provider: Provider) -> None:
    assert await signed_on(open_desk)
    provider.rotate()
    assert await signed_on(open_desk)


async def test_an_e_mail_that_only_the_user_info_tells_is_taken(open_desk: Office, provider: Provider) -> None:
    provider.email_in_user_info = True
    session, _ = await open_desk.desks.people.resolve(await signed_on(open_desk))
    assert session.email == "olga@example.test"


async def test_cancelling_at_the_provider_and_its_absence_are_told_apart(
    open_desk: Office, provider: Provider, settings: Settings, intuit: Intuit, shopify: Shopify
) -> None:
    provider.error = "access_denied"
    assert await refusal(open_desk) == "ACCESS_DENIED"
    provider.down = True
    async with office_over(told(settings, provider), intuit, shopify) as fresh:
        with pytest.raises(PassingTrouble):
            await fresh.desks.sign_on.start(BROWSER, "", "", "/")


async def test_where_the_provider_alone_decides_passwords_are_off_and_old_ways_in_end(
    office: Office, settings: Settings, provider: Provider, intuit: Intuit, shopify: Shopify
) -> None:
    squatter = await office.desks.people.sign_up("olga@example.test", PASSWORD, "Not Olga", "B", "")
    async with office_over(told(settings, provider, oidc_only=True), intuit, shopify) as only:
        for attempt in (
            only.desks.people.sign_in("olga@example.test", PASSWORD),
            only.desks.people.sign_up("new@example.test", PASSWORD, "", "B", ""),
            only.desks.resets.ask("olga@example.test", NOWHERE),
        ):
            with pytest.raises(PasswordsOff):
                await attempt
        session, _ = await only.desks.people.resolve(await signed_on(only))
        assert session.email == "olga@example.test"
        with pytest.raises(NotSignedIn):
            await only.desks.people.resolve(squatter.token)
        assert only.rows("SELECT password_hash FROM person") == [(None,)]


async def test_half_a_setup_does_not_start(settings: Settings) -> None:
    known = settings.model_dump()
    for wrong in (
        {"oidc_issuer": "https://id.example.test"},
        {"oidc_only": True},
        {"oidc_issuer": "http://id.example.test", "oidc_client_id": "a", "oidc_client_secret": "b"},
        {"smtp_url": "mail.example.test"},
    ):
        with pytest.raises(ValidationError):
            Settings.model_validate(known | wrong)


async def test_without_a_provider_there_is_none(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        await office.desks.sign_on.start(BROWSER, "", "", "/")
    assert refused.value.reason == "NO_SINGLE_SIGN_ON"
