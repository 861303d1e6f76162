"""What a caller token of an API client is worth at a door, beside a person's and a service's."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledgerport.auth.v1 import api_tokens_pb2, people_pb2
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.errors import NotAllowed, NotSignedIn
from ledgerport_libs.identity import Caller, Person, ServiceIdentity, Verifier
from ledgerport_libs.rpc import AccessRules

AUTH, GATEWAY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KEYS = {"auth": AUTH.public_key(), "gateway": GATEWAY.public_key()}
PERSON = Person("u", "u@x.test", "b", access_pb2.ROLE_ADMIN, "s")
CLIENT = Person("u", "u@x.test", "b", access_pb2.ROLE_ADMIN, "api:t", api=True)
RULES = AccessRules(
    [
        people_pb2.DESCRIPTOR.services_by_name["PeopleService"],
        api_tokens_pb2.DESCRIPTOR.services_by_name["ApiTokensService"],
    ]
)
LIST = "/ledgerport.auth.v1.PeopleService/ListMembers"
INVITE = "/ledgerport.auth.v1.PeopleService/InviteMember"
EXCHANGE = "/ledgerport.auth.v1.ApiTokensService/ExchangeApiToken"


def verifier() -> Verifier:
    return Verifier("qbo-writer", KEYS)


def test_an_api_client_is_believed_from_itself_and_from_the_gateway() -> None:
    token, _ = ServiceIdentity("auth", AUTH).token_of_person(CLIENT)
    assert verifier().direct(token) == Caller("", CLIENT)
    assert verifier().person(token) == CLIENT


def test_a_persons_caller_token_is_no_credential_of_its_own() -> None:
    token, _ = ServiceIdentity("auth", AUTH).token_of_person(PERSON)
    assert verifier().person(token) == PERSON
    for proof in (verifier().direct, verifier().api_client):
        with pytest.raises(NotSignedIn):
            proof(token)


def test_only_auth_signs_for_api_clients() -> None:
    token, _ = ServiceIdentity("gateway", GATEWAY).token_of_person(CLIENT)
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = jwt.encode({**claims, "iss": "auth"}, GATEWAY, algorithm="EdDSA")
    unsigned = jwt.encode({**claims, "iss": "auth"}, "", algorithm="none")
    for each in (token, forged, unsigned):
        with pytest.raises(NotSignedIn):
            verifier().direct(each)


def test_a_caller_token_is_over_after_its_life() -> None:
    token, ends = ServiceIdentity("auth", AUTH).token_of_person(CLIENT, -3600)
    with pytest.raises(NotSignedIn):
        verifier().direct(token)
    assert ServiceIdentity("auth", AUTH).token_of_person(CLIENT, 10**9)[1] - ends <= 3600 + 62


def test_an_api_client_does_what_its_role_may_except_what_needs_a_session() -> None:
    RULES.check(LIST, Caller("", CLIENT))
    RULES.check(INVITE, Caller("gateway", PERSON))
    with pytest.raises(NotAllowed):
        RULES.check(INVITE, Caller("gateway", CLIENT))


def test_only_a_method_that_proves_its_request_takes_a_caller_without_credentials() -> None:
    RULES.check(EXCHANGE, Caller(""))
    for method in (LIST, INVITE, "/ledgerport.auth.v1.PeopleService/SignIn"):
        with pytest.raises(NotAllowed):
            RULES.check(method, Caller(""))
