"""The gRPC doorway of people: translates, asks who the caller is, and calls the desks."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from auth.api_tokens import ApiToken, ApiTokens
from auth.clients import Client
from auth.mail import Mail
from auth.members import Members, Membership
from auth.oidc import OpenIdProvider
from auth.people import People, current_of, normal_business, normal_email
from auth.people_settings import PeopleSettings
from auth.resets import Resets
from auth.sessions import Sessions
from auth.sign_on import SignOn, WayBack
from ledgerport.auth.v1 import api_tokens_pb2 as tokens_pb2
from ledgerport.auth.v1 import api_tokens_pb2_grpc, people_pb2, people_pb2_grpc
from ledgerport.common.v1 import access_pb2
from ledgerport_libs.identity import Person, ServiceIdentity, person_of_this_call
from ledgerport_libs.timestamps import timestamp

Context = Any
pb = people_pb2


class PeopleDesks:
    """The desks behind this doorway."""

    def __init__(
        self,
        settings: PeopleSettings,
        people: People,
        sessions: Sessions,
        members: Members,
        resets: Resets,
        provider: OpenIdProvider,
        sign_on: SignOn,
        api_tokens: ApiTokens,
        mail: Mail,
    ) -> None:
        self.settings, self.people, self.sessions, self.members = settings, people, sessions, members
        self.resets, self.provider, self.sign_on = resets, provider, sign_on
        self.api_tokens, self.mail = api_tokens, mail


class PeopleServicer(people_pb2_grpc.PeopleServiceServicer):
    def __init__(self, desks: PeopleDesks, identity: ServiceIdentity) -> None:
        self._desks, self._identity = desks, identity
        self._people, self._sessions, self._members = desks.people, desks.sessions, desks.members
        self._resets, self._sign_on = desks.resets, desks.sign_on

    async def GetSignInOptions(
        self, request: pb.GetSignInOptionsRequest, context: Context
    ) -> pb.GetSignInOptionsResponse:
        return pb.GetSignInOptionsResponse(
            passwords=not self._desks.settings.oidc_only,
            single_sign_on=self._desks.provider.configured,
            mail=self._desks.mail.on,
        )

    async def SignUp(self, request: pb.SignUpRequest, context: Context) -> pb.SignUpResponse:
        ticket = await self._people.sign_up(
            request.email,
            request.password,
            request.name,
            request.business_name,
            request.invitation_token,
            _client(request.client),
        )
        return pb.SignUpResponse(session_token=ticket.token, expires_at=timestamp(ticket.expires_at))

    async def SignIn(self, request: pb.SignInRequest, context: Context) -> pb.SignInResponse:
        ticket = await self._people.sign_in(request.email, request.password, _client(request.client))
        return pb.SignInResponse(session_token=ticket.token, expires_at=timestamp(ticket.expires_at))

    async def SignOut(self, request: pb.SignOutRequest, context: Context) -> pb.SignOutResponse:
        await self._people.sign_out(request.session_token)
        return pb.SignOutResponse()

    async def ResolveSession(self, request: pb.ResolveSessionRequest, context: Context) -> pb.ResolveSessionResponse:
        session, memberships = await self._people.resolve(request.session_token, _client(request.client))
        current = current_of(memberships, request.business_id) if memberships else None
        business_id, role = (current.business_id, current.role) if current else ("", access_pb2.ROLE_UNSPECIFIED)
        caller = Person(session.person_id, session.email, business_id, role, session.session_id)
        token, ends = self._identity.token_of_person(caller)
        return pb.ResolveSessionResponse(
            person=pb.Person(user_id=session.person_id, email=session.email, name=session.name),
            memberships=[_membership(each) for each in memberships],
            current=_membership(current) if current else None,
            caller_token=token,
            caller_token_expires_at=Timestamp(seconds=ends),
            session_id=session.session_id,
        )

    async def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, context: Context
    ) -> pb.RequestPasswordResetResponse:
        await self._resets.ask(request.email, _client(request.client))
        return pb.RequestPasswordResetResponse()

    async def ResetPassword(self, request: pb.ResetPasswordRequest, context: Context) -> pb.ResetPasswordResponse:
        person_id = await self._resets.reset(request.reset_token, request.new_password, _client(request.client))
        return pb.ResetPasswordResponse(user_id=person_id)

    async def MakeResetLink(self, request: pb.MakeResetLinkRequest, context: Context) -> pb.MakeResetLinkResponse:
        ticket, email = await self._resets.make_link(person_of_this_call(), request.user_id)
        return pb.MakeResetLinkResponse(reset_token=ticket.token, email=email, expires_at=timestamp(ticket.expires_at))

    async def ChangePassword(self, request: pb.ChangePasswordRequest, context: Context) -> pb.ChangePasswordResponse:
        await self._resets.change(person_of_this_call(), request.old_password, request.new_password)
        return pb.ChangePasswordResponse()

    async def StartSingleSignOn(
        self, request: pb.StartSingleSignOnRequest, context: Context
    ) -> pb.StartSingleSignOnResponse:
        url = await self._sign_on.start(request.browser, request.invitation_token, request.session_token, request.next)
        return pb.StartSingleSignOnResponse(authorize_url=url)

    async def FinishSingleSignOn(
        self, request: pb.FinishSingleSignOnRequest, context: Context
    ) -> pb.FinishSingleSignOnResponse:
        back = WayBack(request.browser, request.state, request.code, request.error, request.issuer)
        arrived = await self._sign_on.finish(back, _client(request.client))
        if arrived.ticket is None:
            return pb.FinishSingleSignOnResponse(next=arrived.next, linked=True)
        ticket = arrived.ticket
        return pb.FinishSingleSignOnResponse(
            session_token=ticket.token, expires_at=timestamp(ticket.expires_at), next=arrived.next
        )

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:
        caller = person_of_this_call()
        return pb.ListSessionsResponse(
            sessions=[
                pb.Session(
                    session_id=each.id,
                    client=pb.Client(address=each.address, user_agent=each.user_agent),
                    created_at=timestamp(each.created_at),
                    last_seen_at=timestamp(each.seen_at),
                    current=each.id == caller.session_id,
                )
                for each in await self._sessions.of_person(caller)
            ],
            has_password=await self._resets.has_password(caller),
            single_sign_on=await self._sign_on.is_linked(caller),
        )

    async def EndSession(self, request: pb.EndSessionRequest, context: Context) -> pb.EndSessionResponse:
        await self._sessions.end(person_of_this_call(), request.session_id)
        return pb.EndSessionResponse()

    async def EndAllSessions(self, request: pb.EndAllSessionsRequest, context: Context) -> pb.EndAllSessionsResponse:
        ended = await self._sessions.end_all(person_of_this_call(), keep_current=request.keep_current)
        return pb.EndAllSessionsResponse(ended=ended)

    async def CreateBusiness(self, request: pb.CreateBusinessRequest, context: Context) -> pb.CreateBusinessResponse:
        made = await self._members.create_business(person_of_this_call(), normal_business(request.name))
        return pb.CreateBusinessResponse(made=_membership(made))

    async def AcceptInvitation(
        self, request: pb.AcceptInvitationRequest, context: Context
    ) -> pb.AcceptInvitationResponse:
        joined = await self._members.accept(person_of_this_call(), request.invitation_token)
        return pb.AcceptInvitationResponse(joined=_membership(joined))

    async def ListMembers(self, request: pb.ListMembersRequest, context: Context) -> pb.ListMembersResponse:
        members = await self._members.of_business(person_of_this_call().business_id)
        return pb.ListMembersResponse(
            members=[
                pb.Member(
                    person=pb.Person(user_id=member.id, email=member.email, name=member.name),
                    role=member.role,
                    joined_at=timestamp(member.joined_at),
                )
                for member in members
            ]
        )

    async def InviteMember(self, request: pb.InviteMemberRequest, context: Context) -> pb.InviteMemberResponse:
        ticket = await self._members.invite(person_of_this_call(), normal_email(request.email), request.role)
        return pb.InviteMemberResponse(invitation_token=ticket.token, expires_at=timestamp(ticket.expires_at))

    async def ListInvitations(self, request: pb.ListInvitationsRequest, context: Context) -> pb.ListInvitationsResponse:
        return pb.ListInvitationsResponse(
            invitations=[
                pb.Invitation(
                    invitation_id=each.id,
                    email=each.email,
                    role=each.role,
                    invited_by=each.invited_by,
                    expires_at=timestamp(each.expires_at),
                )
                for each in await self._members.invitations(person_of_this_call().business_id)
            ]
        )

    async def RevokeInvitation(
        self, request: pb.RevokeInvitationRequest, context: Context
    ) -> pb.RevokeInvitationResponse:
        await self._members.revoke_invitation(person_of_this_call(), request.invitation_id)
        return pb.RevokeInvitationResponse()

    async def ChangeRole(self, request: pb.ChangeRoleRequest, context: Context) -> pb.ChangeRoleResponse:
        await self._members.change_role(person_of_this_call(), request.user_id, request.role)
        return pb.ChangeRoleResponse()

    async def RemoveMember(self, request: pb.RemoveMemberRequest, context: Context) -> pb.RemoveMemberResponse:
        await self._members.remove(person_of_this_call(), request.user_id)
        return pb.RemoveMemberResponse()


class ApiTokensServicer(api_tokens_pb2_grpc.ApiTokensServiceServicer):
    def __init__(self, api_tokens: ApiTokens, identity: ServiceIdentity) -> None:
        self._tokens, self._identity = api_tokens, identity

    async def ExchangeApiToken(
        self, request: tokens_pb2.ExchangeApiTokenRequest, context: Context
    ) -> tokens_pb2.ExchangeApiTokenResponse:
        behind = await self._tokens.behind(request.api_token)
        token, ends = self._identity.token_of_person(behind.caller, behind.life)
        return tokens_pb2.ExchangeApiTokenResponse(
            caller_token=token,
            expires_at=Timestamp(seconds=ends),
            person=pb.Person(user_id=behind.person_id, email=behind.email, name=behind.person_name),
            current=pb.Membership(business_id=behind.business_id, business_name=behind.business_name, role=behind.role),
            token_id=behind.id,
        )

    async def ListApiTokens(
        self, request: tokens_pb2.ListApiTokensRequest, context: Context
    ) -> tokens_pb2.ListApiTokensResponse:
        found = await self._tokens.visible_to(person_of_this_call())
        return tokens_pb2.ListApiTokensResponse(tokens=[_api_token(each) for each in found])

    async def CreateApiToken(
        self, request: tokens_pb2.CreateApiTokenRequest, context: Context
    ) -> tokens_pb2.CreateApiTokenResponse:
        token, made = await self._tokens.create(person_of_this_call(), request.name, request.role, request.days)
        return tokens_pb2.CreateApiTokenResponse(api_token=token, made=_api_token(made))

    async def RevokeApiToken(
        self, request: tokens_pb2.RevokeApiTokenRequest, context: Context
    ) -> tokens_pb2.RevokeApiTokenResponse:
        await self._tokens.revoke(person_of_this_call(), request.token_id)
        return tokens_pb2.RevokeApiTokenResponse()


def _client(told: pb.Client) -> Client:
    return Client.of(told.address, told.user_agent)


def _membership(each: Membership) -> pb.Membership:
    return pb.Membership(business_id=each.business_id, business_name=each.business_name, role=each.role)


def _api_token(each: ApiToken) -> tokens_pb2.ApiToken:
    return tokens_pb2.ApiToken(
        token_id=each.id,
        name=each.name,
        role=each.role,
        made_by=pb.Person(user_id=each.person_id, email=each.email, name=each.person_name),
        created_at=timestamp(each.created_at),
        expires_at=timestamp(each.expires_at),
        last_used_at=timestamp(each.last_used_at),
    )
