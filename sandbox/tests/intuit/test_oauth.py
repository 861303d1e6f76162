"""What Intuit's OAuth servers promise an app, kept by the stand-in."""

from __future__ import annotations

import jwt
import pytest
import requests

from intuit_sandbox.harness import AUTOMATED, CALLBACK, US, Company, StandIn, callback, flow_of

ACCOUNTING = "com.intuit.quickbooks.accounting"


def authorize_page(stand_in: StandIn, **changed: str) -> requests.Response:
    query = {
        "client_id": "product",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": ACCOUNTING,
        "state": "s",
    }
    return stand_in.session.get(
        f"{stand_in.url}/connect/oauth2", params={**query, **changed}, allow_redirects=False, timeout=10
    )


def refresh(company: Company, value: str | None = None) -> requests.Response:
    token = value or company.tokens["refresh_token"]
    return company.stand_in.token(grant_type="refresh_token", refresh_token=token)


def test_the_discovery_document_names_addresses_of_the_stand_in(stand_in: StandIn) -> None:
    found = stand_in.session.get(f"{stand_in.url}/.well-known/openid_sandbox_configuration", timeout=10)
    members = found.json()
    assert found.headers["intuit_tid"]
    ends = [value for name, value in members.items() if name.endswith(("_endpoint", "_uri")) or name == "issuer"]
    assert len(ends) == 6
    assert all(value.startswith(stand_in.url) for value in ends)


def test_consent_gives_a_code_a_realm_and_the_state(stand_in: StandIn) -> None:
    back = stand_in.authorize(AUTOMATED, state="unguessable")
    assert back["realmId"] == AUTOMATED
    assert back["state"] == "unguessable"
    assert back["code"]


def test_cancel_comes_back_as_access_denied(stand_in: StandIn) -> None:
    assert stand_in.authorize(action="cancel") == {"error": "access_denied", "state": "s1"}


def test_cancel_on_the_sign_in_page_comes_back_too(stand_in: StandIn) -> None:
    flow = flow_of(authorize_page(stand_in).text)
    back = stand_in.session.post(
        f"{stand_in.url}/connect/signin", data={"flow": flow, "action": "cancel"}, allow_redirects=False, timeout=10
    )
    assert callback(back)["error"] == "access_denied"


def test_a_wrong_password_stays_on_the_page(stand_in: StandIn) -> None:
    flow = flow_of(authorize_page(stand_in).text)
    form = {"flow": flow, "email": "owner@sandbox.test", "password": "wrong", "action": "signin"}
    page = stand_in.session.post(f"{stand_in.url}/connect/signin", data=form, timeout=10)
    assert page.status_code == 401
    assert "do not match" in page.text


@pytest.mark.parametrize("wrong", [{"client_id": "nobody"}, {"redirect_uri": CALLBACK + "/"}])
def test_a_wrong_app_or_address_is_never_redirected(stand_in: StandIn, wrong: dict[str, str]) -> None:
    assert authorize_page(stand_in, **wrong).status_code == 400


def test_an_unknown_scope_is_redirected_with_the_error(stand_in: StandIn) -> None:
    assert callback(authorize_page(stand_in, scope="everything"))["error"] == "invalid_scope"


def test_tokens_have_the_documented_members(us: Company) -> None:
    assert us.tokens["token_type"] == "bearer"
    assert us.tokens["expires_in"] == 3600
    assert us.tokens["x_refresh_token_expires_in"] == pytest.approx(8_726_400, abs=5)
    assert "realmId" not in us.tokens


def test_a_replayed_code_ends_what_it_gave(us: Company) -> None:
    again = us.stand_in.token(grant_type="authorization_code", code=us.code, redirect_uri=CALLBACK)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert us.call("GET", "preferences").status_code == 401
    assert refresh(us).json()["error"] == "invalid_grant"


def test_the_redirect_uri_of_the_exchange_must_match(stand_in: StandIn) -> None:
    code = stand_in.authorize()["code"]
    wrong = stand_in.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK + "?x=1")
    assert wrong.json()["error"] == "invalid_grant"


def test_a_wrong_secret_is_invalid_client(stand_in: StandIn) -> None:
    answer = stand_in.token(secret="wrong", grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_the_secret_may_stand_in_the_form(us: Company) -> None:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": us.tokens["refresh_token"],
        "client_id": "product",
        "client_secret": "product-secret",
    }
    answer = us.stand_in.session.post(f"{us.stand_in.url}/oauth2/v1/tokens/bearer", data=form, timeout=10)
    assert answer.status_code == 200


def test_a_young_refresh_token_keeps_its_value(us: Company) -> None:
    answer = refresh(us).json()
    assert answer["refresh_token"] == us.tokens["refresh_token"]
    assert answer["access_token"] != us.tokens["access_token"]


def test_an_old_refresh_token_rotates_and_the_former_value_lives_for_its_grace(us: Company) -> None:
    us.stand_in.door("POST", f"companies/{US}/tokens", {"action": "age", "seconds": 90_000})
    rotated = refresh(us).json()["refresh_token"]
    assert rotated != us.tokens["refresh_token"]
    assert refresh(us).json()["refresh_token"] == rotated
    us.stand_in.knobs(refresh_grace=0)
    assert refresh(us).json()["error"] == "invalid_grant"
    assert refresh(us, rotated).status_code == 200


def test_another_app_cannot_use_a_refresh_token(us: Company) -> None:
    stolen = us.stand_in.token(app="auditor", grant_type="refresh_token", refresh_token=us.tokens["refresh_token"])
    assert stolen.json()["error"] == "invalid_grant"


def test_the_hard_expiry_is_told_when_asked(us: Company) -> None:
    answer = us.stand_in.token(
        grant_type="refresh_token",
        refresh_token=us.tokens["refresh_token"],
        headers={"x-include-refresh-token-hard-expires-in": "true"},
    )
    assert answer.json()["x_refresh_token_hard_expires_in"] == pytest.approx(157_680_000, abs=5)


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_revoke_ends_the_app_in_that_company_only(stand_in: StandIn, kind: str) -> None:
    first, second = stand_in.connect(US), stand_in.connect(US)
    elsewhere, auditor = stand_in.connect(AUTOMATED), stand_in.connect(US, app="auditor")

    def revoke() -> int:
        return stand_in.session.post(
            f"{stand_in.url}/v2/oauth2/tokens/revoke",
            json={"token": first.tokens[kind]},
            timeout=10,
            auth=("product", "product-secret"),
        ).status_code

    assert revoke() == 200
    callers = (first, second, elsewhere, auditor)
    assert [one.call("GET", "preferences").status_code for one in callers] == [401, 401, 200, 200]
    assert revoke() == 400


def test_userinfo_and_the_id_token_say_who_connected(stand_in: StandIn) -> None:
    company = stand_in.connect(US, scope=f"{ACCOUNTING} openid email profile")
    header = {"Authorization": f"Bearer {company.tokens['access_token']}"}
    about = stand_in.session.get(f"{stand_in.url}/v1/openid_connect/userinfo", headers=header, timeout=10).json()
    assert about["email"] == "owner@sandbox.test"
    keys = jwt.PyJWKSet.from_dict(stand_in.session.get(f"{stand_in.url}/op/v1/jwks", timeout=10).json())
    claims = jwt.decode(company.tokens["id_token"], keys.keys[0], ["RS256"], audience="product")
    assert (claims["sub"], claims["realmid"]) == (about["sub"], US)


def test_an_expired_access_token_answers_401_in_the_gateway_shape(us: Company) -> None:
    us.stand_in.door("POST", f"companies/{US}/tokens", {"action": "expire_access"})
    answer = us.call("GET", "preferences")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'
    assert answer.json()["fault"]["error"][0]["code"] == "3200"
    us.tokens = refresh(us).json()
    assert us.call("GET", "preferences").status_code == 200


def test_a_token_of_another_company_answers_403(us: Company) -> None:
    us.realm = AUTOMATED
    answer = us.call("GET", f"companyinfo/{AUTOMATED}")
    assert (answer.status_code, answer.json()["fault"]["error"][0]["code"]) == (403, "3100")


def test_disconnecting_inside_quickbooks_ends_calls_and_refreshes(us: Company) -> None:
    us.stand_in.door("POST", f"companies/{US}/tokens", {"action": "disconnect", "client_id": "product"})
    assert us.call("GET", "preferences").status_code == 401
    assert refresh(us).json()["error"] == "invalid_grant"


def test_the_token_endpoint_fails_on_order(us: Company) -> None:
    us.stand_in.fail("status_500", surface="token")
    assert refresh(us).status_code == 500
    us.stand_in.fail("cut_after", surface="token")
    with pytest.raises(requests.ConnectionError):
        refresh(us)
    assert refresh(us).status_code == 200
