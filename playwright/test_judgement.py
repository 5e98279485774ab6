"""What the page calls equal, explained and different."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from web.browsers import new_page

CASE = {"id": "case", "steps": [{"get": "a"}, {"get": "b"}]}
KNOWN = {
    "case": "case",
    "path": "steps[1].value",
    "native": {"firefox": True},
    "pyjsapi": False,
    "reason": "because",
    "source": "there",
}


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    page = new_page(browser)
    page.goto(f"{site}?engine=native&only=memory-grow")
    yield page
    page.close()


def judge(page: Page, native: Any, pyjsapi: Any, **others: Any) -> dict[str, Any]:
    arguments = {"case_": CASE, "browser": "firefox", "known": [], **others}
    result: dict[str, Any] = page.evaluate(
        """async ({ case_, native, pyjsapi, browser, known }) => {
          const { judge } = await import("/static/compare.mjs");
          return judge(case_, native, pyjsapi, browser, known);
        }""",
        {**arguments, "native": native, "pyjsapi": pyjsapi},
    )
    return result


def test_the_same_transcripts_are_equal(page: Page) -> None:
    transcript = [{"value": 1}, {"error": "TypeError", "message": "words"}]
    other = [{"value": 1}, {"message": "other words", "error": "TypeError"}]
    assert judge(page, transcript, other)["status"] == "equal"


def test_messages_are_compared_where_the_case_asks_for_it(page: Page) -> None:
    case = {"id": "case", "steps": [{"call": "f", "compare_message": True}]}
    native, pyjsapi = (
        [{"error": "HostError", "message": "a"}],
        [{"error": "HostError", "message": "b"}],
    )
    result = judge(page, native, pyjsapi, case_=case)
    assert result["status"] == "different"
    assert result["differences"] == [{"path": "steps[0].message", "native": "a", "pyjsapi": "b"}]


def test_the_first_differing_place_is_named_exactly(page: Page) -> None:
    native = [{"value": [1, {"bigint": "2"}]}, {}]
    result = judge(page, native, [{"value": [1, {"bigint": "3"}]}, {}])
    assert result["status"] == "different"
    assert result["differences"] == [
        {"path": "steps[0].value[1].bigint", "native": "2", "pyjsapi": "3"}
    ]


@pytest.mark.parametrize(
    ("native", "pyjsapi"),
    [
        ({"value": 5}, {"value": {"bigint": "5"}}),
        ({"value": 0}, {"value": {"number": "-0"}}),
        ({"value": None}, {"value": {"undefined": True}}),
        ({"value": []}, {"value": {}}),
        ({}, {"value": 1}),
        ({"value": 1}, {"value": True}),
        ({"error": "RangeError"}, {"error": "TypeError"}),
        ({"value": 1, "log": [{"host": "h", "args": [1]}]}, {"value": 1}),
    ],
)
def test_unlike_values_are_different(page: Page, native: Any, pyjsapi: Any) -> None:
    assert judge(page, [native, {}], [pyjsapi, {}])["status"] == "different"


def test_an_error_against_a_value_is_one_difference(page: Page) -> None:
    result = judge(page, [{"value": 1}, {}], [{"error": "TypeError", "message": "m"}, {}])
    assert [item["path"] for item in result["differences"]] == ["steps[0]"]


def test_a_listed_difference_is_explained_in_its_browser_only(page: Page) -> None:
    native, pyjsapi = [{}, {"value": True}], [{}, {"value": False}]
    result = judge(page, native, pyjsapi, known=[KNOWN])
    assert result["status"] == "explained"
    assert result["differences"][0]["reason"] == "because"
    assert judge(page, native, pyjsapi, known=[KNOWN], browser="chromium")["status"] == "different"


def test_a_listed_difference_with_another_value_stays_a_difference(page: Page) -> None:
    result = judge(page, [{}, {"value": 1}], [{}, {"value": False}], known=[KNOWN])
    assert result["status"] == "different"


def test_a_listed_difference_that_does_not_occur_is_an_error(page: Page) -> None:
    result = judge(page, [{}, {"value": False}], [{}, {"value": False}], known=[KNOWN])
    assert result["status"] == "different"
    assert result["stale"] == [{"path": "steps[1].value", "reason": "because"}]


def test_what_the_case_expects_is_checked_too(page: Page) -> None:
    case = {"id": "case", "steps": [{"get": "a", "expect": {"object": "Memory"}}]}
    good, bad = (
        [{"value": {"object": "Memory", "id": 1}}],
        [{"value": {"object": "Table", "id": 1}}],
    )
    assert judge(page, good, good, case_=case)["status"] == "equal"
    result = judge(page, bad, bad, case_=case)
    assert result["status"] == "different"
    assert result["unmet"][0]["path"] == "steps[0]"
