"""A page token comes back as what it was made of; anything else is refused in words that a person understands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledgerport_libs.errors import InvalidRequest
from ledgerport_libs.paging import from_token, moment_in, number_in, page_size, to_token


@pytest.mark.parametrize("text", ["7", "999999999999999999", "2026-11-22T14:16:00+00:00|x", "Crème brûlée"])
def test_a_token_says_what_it_was_made_of(text: str) -> None:
    assert from_token(to_token(text)) == text


def test_a_number_is_read_and_none_means_the_first_page() -> None:
    assert (number_in(to_token("42")), number_in("")) == (42, None)


@pytest.mark.parametrize(
    "token", ["x", "42", "1234567", "====", "ÿ", to_token("-1"), to_token("٣"), to_token("9" * 19)]
)
def test_what_is_no_number_of_ours_is_refused_in_words(token: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        number_in(token)
    assert refused.value.say == "This page does not exist."


def test_a_moment_is_read_or_refused_in_words() -> None:
    assert moment_in("2026-11-22T14:16:00+00:00") == datetime(2026, 11, 22, 14, 16, tzinfo=UTC)
    with pytest.raises(InvalidRequest) as refused:
        moment_in("yesterday")
    assert refused.value.say == "This page does not exist."


def test_a_page_has_as_many_rows_as_were_asked_for_up_to_a_limit() -> None:
    assert (page_size(0), page_size(7), page_size(0, most=20, default=5)) == (50, 7, 5)
    for asked in (-1, 201):
        with pytest.raises(InvalidRequest, match="at most 200 rows"):
            page_size(asked)
