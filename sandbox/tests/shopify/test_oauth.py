"""Installing an app goes as with Shopify: consent, signed callback, one-time code, rotating refresh tokens."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from shopify_sandbox.signing import sign_query

SHOP = "northwind-outfitters.myshopify.com"
CALLBACK = "http://127.0.0.1:9/callback"


def test_the_published_vector_signs_as_published() -> None:
    query = {
        "code": "0907a61c0c8d55e99db179b68161bc00",
        "shop": "some-shop.myshopify.com",
        "state": "0.6784241404160823",
        "timestamp": "1337178173",
        "hmac": "left out",
    }
    assert sign_query(query, "hush") == "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"


def test_installing_comes_back_with_a_signed_code_and_the_state(sandbox: Any) -> None:
    answer = sandbox.consent()
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert set(back) == {"code", "hmac", "host", "shop", "state", "timestamp"}
    assert (back["shop"], back["state"]) == (SHOP, "s1")
    assert back["hmac"] == sign_query(back, "hush")


def test_cancel_stays_in_the_store(sandbox: Any) -> None:
    answer = sandbox.consent(action="cancel")
    assert answer.status_code == 200
    assert "not given access" in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"redirect_uri": CALLBACK + "/x"},
        {"scope": "read_orders,write_everything"},
    ],
)
def test_a_wrong_link_shows_an_error_and_never_redirects(sandbox: Any, wrong: dict[str, str]) -> None:
    asked = {"client_id": "product", "redirect_uri": CALLBACK, "state": "s", "scope": "read_orders", **wrong}
    page = f"{sandbox.url}/{SHOP}/admin/oauth/authorize"
    assert requests.get(page, params=asked, allow_redirects=False, timeout=10).status_code == 400
    pressed = requests.post(page, data={**asked, "action": "install"}, allow_redirects=False, timeout=10)
    assert pressed.status_code == 400


def test_a_code_works_once_and_only_in_its_store(sandbox: Any) -> None:
    code = sandbox.code()
    good = sandbox.exchange(code=code, expiring="1")
    assert good.status_code == 200
    assert good.json()["expires_in"] == 3600
    assert good.json()["refresh_token"].startswith("shprt_")
    assert sandbox.exchange(code=code, expiring="1").status_code == 400
    assert sandbox.exchange("harbour-lane.myshopify.com", code=sandbox.code(), expiring="1").status_code == 400


def test_without_expiring_the_token_has_no_end(sandbox: Any) -> None:
    assert set(sandbox.exchange(code=sandbox.code()).json()) == {"access_token", "scope"}


def test_a_wrong_secret_is_refused(sandbox: Any) -> None:
    assert sandbox.exchange(client_secret="wrong", code=sandbox.code()).status_code == 401


def refresh(sandbox: Any, token: str) -> Any:
    return sandbox.exchange(grant_type="refresh_token", refresh_token=token)


def test_a_used_refresh_token_may_be_repeated_until_its_replacement_is_used(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    first = sandbox.install().refresh_token
    lost, kept = refresh(sandbox, first).json(), refresh(sandbox, first).json()
    assert lost["refresh_token"] != kept["refresh_token"]
    assert refresh(sandbox, kept["refresh_token"]).status_code == 200
    assert refresh(sandbox, first).status_code == 400
    assert refresh(sandbox, lost["refresh_token"]).status_code == 400


def test_a_new_install_ends_the_earlier_refresh_tokens(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    earlier = sandbox.install().refresh_token
    later = sandbox.install().refresh_token
    assert refresh(sandbox, earlier).status_code == 400
    assert refresh(sandbox, later).status_code == 200


def test_tokens_die_of_age_and_by_command(own_sandbox: Any) -> None:
    sandbox = own_sandbox()
    app = sandbox.install()
    assert app.post("{ shop { name } }").status_code == 200
    sandbox.control("clock", advance_seconds=3601)
    dead = app.post("{ shop { name } }")
    assert dead.status_code == 401
    assert dead.json()["errors"].startswith("[API] Invalid API key or access token")
    app.token = refresh(sandbox, app.refresh_token).json()["access_token"]
    assert app.post("{ shop { name } }").status_code == 200
    sandbox.control("tokens", shop=SHOP, client_id="product", kill="all")
    assert app.post("{ shop { name } }").status_code == 401
    assert refresh(sandbox, app.refresh_token).status_code == 400
