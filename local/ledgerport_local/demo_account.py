"""The account with which a person who tries LedgerPort signs in first."""

from __future__ import annotations

from dataclasses import dataclass, field

import grpc

from ledgerport.auth.v1 import people_pb2, people_pb2_grpc
from ledgerport_libs.errors import error_of
from ledgerport_libs.identity import ServiceIdentity
from ledgerport_local import keys
from ledgerport_local.errors import LocalError
from ledgerport_local.local_platform import LocalPlatform

EMAIL = "owner@demo.test"
BUSINESS = "Northwind Outfitters"
_PATIENCE = 15.0
_THERE_ALREADY = "EMAIL_TAKEN"


@dataclass(frozen=True)
class DemoAccount:
    """What to type into the sign-in page."""

    email: str
    password: str = field(repr=False)


def ensure_demo_account(platform: LocalPlatform) -> DemoAccount:
    """The demo owner's account, made at the first start; its password is made once and kept in the home folder."""
    account = DemoAccount(EMAIL, platform.home.secret("demo-password"))
    try:
        sign_up(platform, account, name="Demo Owner", business=BUSINESS)
    except grpc.RpcError as failure:
        if error_of(failure).reason != _THERE_ALREADY:
            raise LocalError(f"The demo account could not be made: {failure}") from failure
    return account


def sign_up(
    platform: LocalPlatform, account: DemoAccount, *, name: str, business: str = "", invitation: str = ""
) -> str:
    """Makes an account the way the sign-up page does; the new session's token. grpc.RpcError where auth refuses."""
    identity = ServiceIdentity.load("gateway", keys.identity_key(platform.home, "gateway"))
    request = people_pb2.SignUpRequest(
        email=account.email,
        password=account.password,
        name=name,
        business_name=business,
        invitation_token=invitation,
    )
    with grpc.insecure_channel(platform.urls["auth-grpc"]) as channel:
        stub = people_pb2_grpc.PeopleServiceStub(channel)
        answer = stub.SignUp(
            request,
            timeout=_PATIENCE,
            metadata=(("authorization", f"Bearer {identity.token_for('auth')}"),),
            wait_for_ready=True,
        )
    return answer.session_token
