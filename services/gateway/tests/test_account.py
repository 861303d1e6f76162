"""One's own account: sessions, passwords, and the Businesses one belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ledgerport_local.walkthrough import Visitor

NEW = "a much better one"
SignUp = Callable[[str], Visitor]
PASSWORD = "correct horse battery"


def again(visitor: Visitor, password: str = PASSWORD) -> Visitor:
    """The same person in another browser."""
    other = Visitor(visitor.page_url)
    other.browser.headers["User-Agent"] = "Mozilla/5.0 (iPhone) AppleWebKit Safari/604.1"
    assert other.sign_in(visitor.api("me")["email"], password).url == f"{visitor.page_url}/"
    return other


def test_sessions_are_listed_and_one_is_signed_out(sign_up: SignUp) -> None:
    here = sign_up("iris")
    there = again(here)
    page = here.get("/account")
    assert "Safari on iPhone" in page.text
    assert "127.0.0.1" in page.text
    assert page.text.count("this one") == 1
    end = re.search(r'action="(/account/sessions/[0-9a-f-]{36}/end)"', page.text)
    assert end
    assert "signed out" in here.submit(page, end[1]).text
    assert there.get("/account").url.startswith(f"{here.page_url}/sign-in")
    there.browser.close()


def test_sign_out_everywhere_ends_this_session_too(sign_up: SignUp, page_url: str) -> None:
    here = sign_up("ivan")
    there = again(here)
    assert here.submit(here.get("/account"), "/account/sessions/end-all").url == f"{page_url}/sign-in"
    for visitor in (here, there):
        assert visitor.get("/account").url.startswith(f"{page_url}/sign-in")
    there.browser.close()


def test_a_changed_password_ends_the_other_sessions_at_once(sign_up: SignUp, page_url: str) -> None:
    here = sign_up("hugo")
    there = again(here)
    form = {"new_password": NEW, "again": NEW}
    wrong = here.submit(here.get("/account"), "/account/password", old_password="not this one", **form)
    assert (wrong.status_code, "old password is not right" in wrong.text) == (400, True)
    unlike = here.submit(
        here.get("/account"), "/account/password", old_password=PASSWORD, new_password=NEW, again="unlike it"
    )
    assert "not the same" in unlike.text
    assert there.get("/account").url == f"{page_url}/account"
    done = here.submit(here.get("/account"), "/account/password", old_password=PASSWORD, **form)
    assert "Your password is changed" in done.text
    assert there.get("/account").url.startswith(f"{page_url}/sign-in")
    again(here, NEW).browser.close()
    there.browser.close()


def test_a_forgotten_password_is_answered_the_same_for_all(stranger: Visitor, owner: Visitor) -> None:
    page = stranger.get("/forgot-password")
    assert "Ask an owner or admin" in page.text, "no mail is sent here"
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get("/sign-in").text)
    assert token
    told = []
    for email in (owner.api("me")["email"], "nobody@shop.test"):
        answer = stranger.browser.post(
            f"{stranger.page_url}/forgot-password", data={"csrf_token": token[1], "email": email}, timeout=10
        )
        told.append((answer.status_code, re.sub(r'value="[^"]+"', "", answer.text)))
    assert told[0] == told[1]


def test_a_link_that_is_over_offers_a_new_one(stranger: Visitor) -> None:
    page = stranger.get("/reset-password?token=made-up")
    answer = stranger.submit(page, "/reset-password", password=NEW, again=NEW)
    assert answer.status_code == 409
    assert "Ask for a new link" in answer.text


def test_a_further_business_is_made_and_switched_to_and_back(sign_up: SignUp) -> None:
    visitor = sign_up("zoe")
    first = visitor.api("me")["business"]
    made = visitor.submit(visitor.get("/businesses/new"), "/businesses/new", name="Zoe's Second Shop")
    assert "Zoe&#39;s Second Shop is ready" in made.text
    second = visitor.api("me")["business"]
    assert (second["name"], second["id"] != first["id"]) == ("Zoe's Second Shop", True)
    visitor.submit(visitor.get("/"), f"/business/{first['id']}")
    assert visitor.api("me")["business"] == first
    assert [each["name"] for each in visitor.api("me")["businesses"]] == [first["name"], "Zoe's Second Shop"]


def test_nothing_of_one_business_is_seen_in_the_other(owner: Visitor, sign_up: SignUp) -> None:
    guest = sign_up("gil")
    made = owner.submit(owner.get("/team"), "/team/invite", email=guest.api("me")["email"], role="viewer")
    link = made.text.partition('readonly value="')[2].partition('"')[0].replace("&amp;", "&")
    page = guest.get(link)
    assert page.url.startswith(f"{guest.page_url}/join?invitation="), "whoever is signed in joins with this account"
    assert "You joined" in guest.submit(page, "/join").text
    assert guest.api("me")["role"] == "VIEWER"
    assert "Craig" in guest.get("/connections").text
    own = next(each for each in guest.api("me")["businesses"] if each["role"] == "OWNER")
    guest.submit(guest.get("/"), f"/business/{own['id']}")
    assert guest.api("me")["role"] == "OWNER"
    assert "Craig" not in guest.get("/connections").text
    assert guest.submit(page, "/join").status_code == 409, "a link is used once"


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_business_needs_a_name(sign_up: SignUp, name: str) -> None:
    visitor = sign_up("yan")
    answer = visitor.submit(visitor.get("/businesses/new"), "/businesses/new", name=name)
    assert (answer.status_code, "Please name your business" in answer.text) == (400, True)
