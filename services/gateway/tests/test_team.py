"""The Team page: roles, removal, invitations and reset links."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest

from ledgerport_local.walkthrough import Visitor

SignUp = Callable[[str], Visitor]
PASSWORD = "correct horse battery"


def join(owner: Visitor, email: str, role: str) -> Visitor:
    made = owner.submit(owner.get("/team"), "/team/invite", email=email, role=role)
    link = unescape(made.text.partition('readonly value="')[2].partition('"')[0])
    visitor = Visitor(owner.page_url)
    arrived = visitor.submit(
        visitor.get(link), "/sign-up", email=email, password=PASSWORD, name=email.partition("@")[0]
    )
    assert arrived.url == f"{owner.page_url}/", arrived.text
    return visitor


def user_id(visitor: Visitor) -> str:
    return str(visitor.api("me")["user_id"])


@pytest.fixture
def boss(sign_up: SignUp) -> Visitor:
    return sign_up("boss")


def test_a_changed_role_holds_at_once(boss: Visitor) -> None:
    email = f"mia-{user_id(boss)[:8]}@shop.test"
    mia = join(boss, email, "viewer")
    assert mia.get("/connections/quickbooks/connect").status_code == 403
    action = f"/team/members/{user_id(mia)}/role"
    assert "Admin from now on" in boss.submit(boss.get("/team"), action, role="admin").text
    assert mia.get("/connections/quickbooks/connect").status_code == 200
    assert mia.api("me")["role"] == "ADMIN"
    mia.browser.close()


def test_the_last_owner_cannot_step_down_or_leave(boss: Visitor) -> None:
    me = user_id(boss)
    for action, fields in ((f"/team/members/{me}/role", {"role": "viewer"}),):
        answer = boss.submit(boss.get("/team"), action, **fields)
        assert (answer.status_code, "needs an owner" in answer.text) == (409, True)
    answer = boss.submit(boss.get(f"/team/members/{me}/remove"), f"/team/members/{me}/remove")
    assert (answer.status_code, "needs an owner" in answer.text) == (409, True)
    assert boss.api("me")["role"] == "OWNER"


def test_a_removed_member_belongs_to_no_business_and_can_start_one(boss: Visitor, page_url: str) -> None:
    nils = join(boss, f"nils-{user_id(boss)[:8]}@shop.test", "admin")
    action = f"/team/members/{user_id(nils)}/remove"
    asked = boss.get(action)
    assert "Remove nils" in asked.text
    assert "no longer belong" in boss.submit(asked, action).text
    assert nils.get("/connections").url == f"{page_url}/businesses/new"
    assert "You belong to no business" in nils.get("/").text
    assert nils.get("/api/me").status_code == 403
    assert nils.get("/account").status_code == 200
    nils.submit(nils.get("/"), "/businesses/new", name="Nils's own")
    assert nils.api("me")["role"] == "OWNER"
    nils.browser.close()


def test_an_admin_has_no_buttons_over_an_owner(boss: Visitor) -> None:
    ada = join(boss, f"ada-{user_id(boss)[:8]}@shop.test", "admin")
    page = ada.get("/team").text
    assert f"/team/members/{user_id(boss)}/" not in page
    token = ada.api("me")["csrf_token"]
    for action, fields in (("role", {"role": "viewer"}), ("remove", {"confirmed": "yes"}), ("reset-link", {})):
        url = f"{ada.page_url}/team/members/{user_id(boss)}/{action}"
        answer = ada.browser.post(url, data=fields | {"csrf_token": token}, timeout=10)
        assert answer.status_code == 403, action
    assert boss.api("me")["role"] == "OWNER"
    ada.browser.close()


def test_an_invitation_is_listed_until_it_is_taken_back(boss: Visitor, stranger: Visitor) -> None:
    made = boss.submit(boss.get("/team"), "/team/invite", email="late@shop.test", role="viewer")
    link = unescape(made.text.partition('readonly value="')[2].partition('"')[0])
    page = boss.get("/team")
    assert "late@shop.test" in page.text
    revoke = re.search(r'action="(/team/invitations/[^"]+/revoke)"', page.text)
    assert revoke
    assert "late@shop.test" not in boss.submit(page, revoke[1]).text
    answer = stranger.submit(stranger.get(link), "/sign-up", email="late@shop.test", password=PASSWORD, name="L")
    assert answer.status_code == 409
    assert "used up" in answer.text


def test_a_reset_link_is_handed_over_where_no_mail_is_sent(boss: Visitor, stranger: Visitor) -> None:
    email = f"rita-{user_id(boss)[:8]}@shop.test"
    rita = join(boss, email, "viewer")
    made = boss.submit(boss.get("/team"), f"/team/members/{user_id(rita)}/reset-link")
    link = unescape(made.text.partition('readonly value="')[2].partition('"')[0])
    assert link.startswith(f"{boss.page_url}/reset-password?token=")
    done = stranger.submit(stranger.get(link), "/reset-password", password="rita's new one", again="rita's new one")
    assert "Your password is set" in done.text
    assert rita.get("/account").url.startswith(f"{boss.page_url}/sign-in"), "all sessions ended"
    assert stranger.sign_in(email, "rita's new one").url == f"{boss.page_url}/"
    again = stranger.browser.get(link)
    assert again.status_code == 200
    rita.browser.close()
