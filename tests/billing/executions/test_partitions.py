"""Partitions of both kinds of event: made ahead by the application's role, and a default one for what none takes."""

import datetime as dt

import pytest
from django.db import connection

from billing.operations import partitions
from tests.support import runs
from tests.support.runs import MONDAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

LATER = dt.datetime(2031, 11, 5, tzinfo=dt.UTC)
TABLES = 2


def test_it_makes_the_coming_months_once() -> None:
    assert partitions.make_ahead(now=LATER) == 4 * TABLES
    assert partitions.make_ahead(now=LATER) == 0


def test_an_event_lands_in_its_month_or_in_the_default() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    partitions.make_ahead(now=LATER)
    for now in (LATER, LATER + dt.timedelta(days=200), MONDAY):
        runs.settle(runs.reserve(agent, bob, now=now), now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM billing_usageevent ORDER BY id")
        places = [place for (place,) in cursor.fetchall()]
    assert places == [
        "billing_usageevent_y2031m11",
        "billing_usageevent_default",
        "billing_usageevent_default",
    ]


def test_a_month_with_rows_in_the_default_stays_there() -> None:
    agent, bob = runs.make_agent(), runs.make_customer(credits=1000)
    runs.settle(runs.reserve(agent, bob, now=LATER), now=LATER)
    assert partitions.make_ahead(now=LATER) == 4 * TABLES - 1
