"""The hook of schemathesis drops what no schema can say, and nothing else."""

import json
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData, UndefinedStatusCode

from qa.errors import InputError
from qa.filters import Filters, days_of
from qa.serve import create_app
from tests.reliability.beyond_schema import filter_failure

SCHEMA = schemathesis.openapi.from_dict(create_app(lambda: pytest.fail("nobody asks")).openapi())
REJECTED = RejectedPositiveData(operation="POST /ask", message="", status_code=422, allowed_statuses=["2xx"])
UNDEFINED = UndefinedStatusCode(
    operation="POST /ask", message="", status_code=422, defined_status_codes=[], allowed_status_codes=[]
)
DATES = st.from_regex(r"(19|20)[0-9]{2}(-(0[1-9]|1[0-2])(-([0-2][0-9]|3[01]))?)?", fullmatch=True).filter(
    days_of
)


def asked(path: str = "/ask", **filters: Any) -> Case[Any]:
    return SCHEMA[path]["POST"].Case(body={"question": "Why?", "filters": filters})


def refused(since: str, until: str) -> str:
    try:
        Filters(since=since, until=until)
    except InputError as error:
        return str(error)
    raise AssertionError("not refused")


def drops(case: Case[Any], message: str, *, failure: Failure = REJECTED, status: int = 422) -> bool:
    content = json.dumps({"error": {"code": "invalid_input", "message": message}}).encode()
    response = Response(
        status, {}, content, requests.Request(case.method, "http://127.0.0.1").prepare(), 0.1, True
    )
    return not filter_failure(HookContext(operation=case.operation), failure, case, response)


WRONG = {"since": "2022-02", "until": "1000"}
REASON = refused(**WRONG)


def test_the_refusal_of_dates_in_the_wrong_order_is_dropped() -> None:
    assert drops(asked(**WRONG, source=["Reuters"]), REASON)


@pytest.mark.parametrize("status", [200, 400, 500, 503])
def test_another_status_is_kept(status: int) -> None:
    assert not drops(asked(**WRONG), REASON, status=status)


def test_another_failure_reason_or_question_is_kept() -> None:
    assert not drops(asked(**WRONG), REASON, failure=UNDEFINED)
    assert not drops(asked(**WRONG), "k: Input should be less than or equal to 50")
    assert not drops(asked(**WRONG), refused("2022-03", "1000"))
    assert not drops(asked("/ask/batch", **WRONG), REASON)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"filters": None},
        {"filters": []},
        {"filters": {"since": "2022-02", "until": None}},
    ],
)
def test_a_body_without_two_dates_is_kept(body: Any) -> None:
    assert not drops(SCHEMA["/ask"]["POST"].Case(body=body), REASON)


@given(since=DATES, until=DATES)
def test_dates_are_in_the_wrong_order_when_no_day_lies_between_them(since: str, until: str) -> None:
    first, last = days_of(since), days_of(until)
    assert first is not None
    assert last is not None
    reason = f"Found since {since} until {until}, expected the earlier date first. See: qa ask --help"
    assert drops(asked(since=since, until=until), reason) == (first[0] > last[1])
