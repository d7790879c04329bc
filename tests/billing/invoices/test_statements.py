"""The month of prepaid use: a line for each agent, model and metric, and how the balance moved."""

import datetime as dt
import io
from decimal import Decimal

import pypdf
import pytest
from django.test import Client

from billing.models import StatementDocument
from billing.operations import statement_papers
from billing.queries import statements
from billing.queries.statements import Month
from config.kit.errors import NotFoundError
from tests.support import runs
from tests.support.invoicing import lacking_pango
from tests.support.ledger import buy, open_consumer_wallet
from tests.support.people import sign_up

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]
MARCH = Month(2026, 3)


def test_it_has_a_line_for_each_agent_model_and_metric() -> None:
    customer = runs.make_customer("bob", credits=1_000)
    echo = runs.make_agent("echo")
    other = runs.make_agent("tokens", manifest=runs.PER_TOKEN, creator=echo.creator)
    runs.charge(echo, customer, "1", model="haiku")
    runs.charge(echo, customer, "2", model="haiku")
    runs.charge(echo, customer, "3", model="sonnet")
    tokens = {"input_tokens": Decimal(2_000), "output_tokens": Decimal(500)}
    runs.charge(other, customer, "4", usage=tokens)
    runs.charge(echo, customer, "5", now=runs.MONDAY + dt.timedelta(days=40))

    found = statements.statement(customer=customer, month=MARCH)

    shown = [
        (one.agent, one.model, one.metric, one.quantity, one.rate, one.amount, one.runs)
        for one in found.lines
    ]
    assert shown == [
        ("Echo", "haiku", "request", "2", "50", 100_000_000, 2),
        ("Echo", "sonnet", "request", "1", "50", 50_000_000, 1),
        ("Tokens", "", "input_tokens", "2000", "0.001", 2_000_000, 1),
        ("Tokens", "", "output_tokens", "500", "0.003", 1_500_000, 1),
    ]
    assert (found.total, found.opening, found.closing) == (153_500_000, 0, 846_500_000)
    assert [(one.label, one.amount) for one in found.moved] == [
        ("Spent on runs", -153_500_000),
        ("Bought", 1_000_000_000),
    ]
    april = statements.statement(customer=customer, month=MARCH.after)
    assert (april.opening, april.closing, april.total) == (846_500_000, 796_500_000, 50_000_000)


def test_a_stranger_has_a_statement_of_its_own(client: Client) -> None:
    customer = runs.make_customer("alice", credits=1_000)
    runs.charge(runs.make_agent("echo", creator=runs.make_creator("dora")), customer, "1")
    user, _ = sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    page = client.get("/statements/2026-03/").content.decode()

    assert "No runs in this month." in page


def test_the_page_and_its_csv_say_the_same(client: Client) -> None:
    user, customer = sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    buy(open_consumer_wallet(owner_id=customer.pk))
    runs.charge(runs.make_agent("echo"), customer, "1", model="=haiku")

    page = client.get("/statements/2026-03/").content.decode()
    lines = client.get("/statements/2026-03/csv/").content.decode().splitlines()

    assert "($0.05)" in page
    assert lines[1:] == ["Echo,'=haiku,request,1,1,50,50", "Total,,,,,,50"]
    assert "March 2026" in client.get("/statements/").content.decode()


@pytest.mark.parametrize("text", ["2026-13", "2026-4", "1999-01", "2027-01", "x", "2026-03-01", "٢٠٢٦-03"])
def test_it_refuses_what_is_no_month_yet(text: str) -> None:
    with pytest.raises(NotFoundError):
        statements.asked(text=text, now=dt.datetime(2026, 4, 1, tzinfo=dt.UTC))


def test_months_follow_each_other_over_the_year() -> None:
    assert Month(2026, 12).after == Month(2027, 1)
    assert Month(2027, 1).before == Month(2026, 12)


def test_its_pdf_is_drawn_when_asked_and_again_when_the_month_has_changed(client: Client) -> None:
    user, customer = sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    buy(open_consumer_wallet(owner_id=customer.pk))
    echo, url = runs.make_agent("echo"), "/statements/2026-03/"
    runs.charge(echo, customer, "1", model="haiku")
    assert "Make a PDF" in client.get(url).content.decode()
    assert client.get(f"{url}pdf/").status_code == 404

    for _ in range(2):
        assert client.post(f"{url}pdf/").url == url  # type: ignore[attr-defined]
    live = client.get(f"{url}live/").content.decode()
    assert 'hx-trigger="every 2s"' in live
    document = StatementDocument.objects.get(customer=customer)
    assert statement_papers.sweep(now=document.asked_at + dt.timedelta(minutes=2)) == 1
    for _ in range(2):
        statement_papers.make(document_id=document.pk, now=runs.MONDAY)
    assert statement_papers.sweep(now=document.asked_at + dt.timedelta(minutes=2)) == 0

    drawn = client.get(f"{url}pdf/")
    said = " ".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(drawn.content)).pages)
    for part in ("Statement of March 2026", "Echo", "haiku", "request", "9,950", "Total ($0.05)"):
        assert part in said
    assert "Download the PDF" in client.get(url).content.decode()

    runs.charge(echo, customer, "told late", model="haiku")
    assert "Make a PDF" in client.get(url).content.decode()
    client.post(f"{url}pdf/")
    statement_papers.make(document_id=document.pk, now=runs.MONDAY)
    assert client.get(f"{url}pdf/").content[:4] == b"%PDF"


def test_without_pango_the_page_says_so_and_prints(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking_pango(monkeypatch)
    user, customer = sign_up()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.post("/statements/2026-03/pdf/")

    statement_papers.make(document_id=StatementDocument.objects.get(customer=customer).pk, now=runs.MONDAY)

    page = client.get("/statements/2026-03/").content.decode()
    assert "it lacks Pango" in page
    assert "data-print" in page
    assert client.get("/statements/2026-03/pdf/").status_code == 404
