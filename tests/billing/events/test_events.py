"""POST /v1/events: one event, or many."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from billing.cloud_events import BATCH, EVENTS_MAX, ONE
from billing.models import MeterEvent, MeterEventKey
from config.kit import clock
from marketplace.models import Meter
from tests.support import meters, people
from tests.support.callers import Caller
from tests.support.cloud_events import SOURCE, event

pytestmark = pytest.mark.django_db

PATH = "/v1/events"
A_DAY = dt.timedelta(days=1)


@pytest.fixture
def service(client: Client) -> Caller:
    """Call as a service."""
    return Caller(client, people.service_key(), PATH)


@pytest.fixture
def bob() -> Customer:
    """A customer that services know by a name of their own."""
    return people.open_customer("bob", external_id="bob-at-home")


def told(answer: Any) -> tuple[int, int, list[tuple[int, str]]]:
    """Read what became of events."""
    assert answer.status_code == 202, answer.json()
    body = answer.json()
    return (
        body["accepted"],
        body["duplicates"],
        [(each["index"], each["code"]) for each in body["rejected"]],
    )


class TestWorks:
    def test_it_takes_one_event(self, service: Caller, bob: Customer) -> None:
        before = clock.now()
        assert told(service.post(event())) == (1, 0, [])

        kept = MeterEvent.objects.get()
        assert (kept.source, kept.event_id, kept.type) == (SOURCE, "e1", "tokens")
        assert (kept.customer_id, kept.data) == (bob.pk, {"tokens": 7})
        assert before <= kept.occurred_at <= clock.now()

    def test_it_takes_many(self, service: Caller, bob: Customer) -> None:
        sent = [event(f"e{n}", subject=bob.public_id) for n in range(50)]

        assert told(service.post(sent)) == (50, 0, [])
        assert MeterEvent.objects.filter(customer=bob).count() == 50

    def test_it_takes_none(self, service: Caller) -> None:
        assert told(service.post([])) == (0, 0, [])

    @pytest.mark.parametrize(("kind", "sent"), [(ONE, event()), (BATCH, [event()])])
    def test_it_takes_the_types_of_the_standard(
        self, service: Caller, bob: Customer, kind: str, sent: Any
    ) -> None:
        answer = service.client.post(PATH, sent, content_type=kind, headers=service.headers)

        assert told(answer) == (1, 0, [])

    def test_it_takes_an_event_in_headers(self, service: Caller, bob: Customer) -> None:
        attributes = {name: value for name, value in event().items() if name != "data"}
        headers = service.headers | {f"ce-{name}": value for name, value in attributes.items()}
        answer = service.client.post(PATH, {"tokens": 7}, content_type="application/json", headers=headers)

        assert told(answer) == (1, 0, [])
        assert told(service.post(event())) == (0, 1, [])

    def test_it_keeps_numbers_exactly(self, service: Caller, bob: Customer) -> None:
        service.client.post(
            PATH,
            b'{"specversion":"1.0","id":"e1","source":"s","type":"t","subject":"bob-at-home",'
            b'"data":{"gb":0.1000000000000000055511151231257827,"n":12345678901234567890123}}',
            content_type="application/json",
            headers=service.headers,
        )
        [(data,)] = MeterEvent.objects.extra(select={"text": "data::text"}).values_list("text")

        assert data == '{"n": 12345678901234567890123, "gb": 0.1000000000000000055511151231257827}'

    def test_it_lets_extensions_pass(self, service: Caller, bob: Customer) -> None:
        assert told(service.post(event(traceparent="00-0af7651916cd43dd8448eb211c80319c-1-01"))) == (1, 0, [])

    def test_it_opens_a_customer_nobody_has_heard_of(self, service: Caller) -> None:
        assert told(service.post([event(f"e{n}", subject="carol-at-home") for n in range(3)])) == (3, 0, [])

        carol = Customer.objects.get(external_id="carol-at-home")
        assert MeterEvent.objects.filter(customer=carol).count() == 3

    def test_it_puts_an_event_into_the_month_it_happened_in(self, service: Caller, bob: Customer) -> None:
        late = (clock.now() - 30 * A_DAY).isoformat()

        assert told(service.post(event(time=late))) == (1, 0, [])
        assert MeterEvent.objects.get().occurred_at.isoformat() == late


class TestRefusesAStranger:
    def test_it_is_for_services(self, client: Client, bob: Customer) -> None:
        for key in (people.customer_key(bob), people.router_key()):
            answer = Caller(client, key, PATH).post(event())
            assert (answer.status_code, answer.json()["code"]) == (403, "wrong_key_kind")
        assert not MeterEventKey.objects.exists()

    def test_it_needs_the_scope(self, client: Client) -> None:
        answer = Caller(client, people.service_key(scopes=["features:use"]), PATH).post(event())

        assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")

    def test_it_needs_a_key(self, client: Client) -> None:
        assert client.post(PATH, event(), content_type="application/json").status_code == 401


class TestRefusesBadInput:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"specversion": "0.3"}, "invalid_event"),
            ({"specversion": None}, "invalid_event"),
            ({"id": ""}, "invalid_event"),
            ({"id": 7}, "invalid_event"),
            ({"id": "e" * 256}, "invalid_event"),
            ({"source": None}, "invalid_event"),
            ({"type": ""}, "invalid_event"),
            ({"subject": None}, "invalid_event"),
            ({"subject": "s" * 201}, "invalid_event"),
            ({"time": "yesterday"}, "invalid_event"),
            ({"time": "2026-03-02T12:00:00"}, "invalid_event"),
            ({"time": "9999-12-31T23:59:59-23:59"}, "occurred_at_out_of_range"),
            ({"time": "0001-01-01T00:00:00+23:59"}, "occurred_at_out_of_range"),
            ({"data": [1]}, "invalid_event"),
            ({"data": "7"}, "invalid_event"),
            ({"data_base64": "Nw=="}, "invalid_event"),
            ({"datacontenttype": "text/xml"}, "invalid_event"),
            ({"type": "tokens.reversed"}, "invalid_event"),
            ({"id": "a\x00b"}, "malformed_json"),
            ({"data": {"a": {"b": ["\x00"]}}}, "malformed_json"),
            ({"subject": "cst_" + "0" * 26}, "customer_not_found"),
            ({"subject": " "}, "customer_not_found"),
        ],
    )
    def test_it_rejects_a_bad_event_alone(
        self, service: Caller, bob: Customer, changes: dict[str, Any], code: str
    ) -> None:
        answer = service.post([event("e1"), event("bad", **changes), event("e2")])

        assert told(answer) == (2, 0, [(1, code)])
        assert sorted(MeterEventKey.objects.values_list("event_id", flat=True)) == ["e1", "e2"]

    @pytest.mark.parametrize("item", [None, 7, "event", [], {}])
    def test_it_rejects_what_is_no_event(self, service: Caller, bob: Customer, item: Any) -> None:
        assert told(service.post([item, event()])) == (1, 0, [(0, "invalid_event")])

    def test_it_rejects_one_that_comes_alone(self, service: Caller) -> None:
        assert told(service.post({})) == (0, 0, [(0, "invalid_event")])

    def test_it_rejects_a_number_beyond_all_bounds(self, service: Caller, bob: Customer) -> None:
        text = b'[{"specversion":"1.0","id":"e","source":"s","type":"t","subject":"bob-at-home","data":{"n":1e999999}}]'

        assert told(service.raw(text)) == (0, 0, [(0, "malformed_json")])

    @pytest.mark.parametrize(
        "body",
        [b" ", b"7", b'"event"', b"[", b'{"id": }', b"[1,]", b'[{"id":"\xff"}]', b"[" * 200_000, b"{} {}"],
    )
    def test_it_refuses_what_is_no_envelope(self, service: Caller, body: bytes) -> None:
        assert service.raw(body).status_code == 400

    def test_it_refuses_too_many(self, service: Caller) -> None:
        assert service.post([event(f"e{n}") for n in range(EVENTS_MAX + 1)]).status_code == 400
        assert not MeterEventKey.objects.exists()

    def test_it_refuses_another_type_of_body(self, service: Caller) -> None:
        answer = service.client.post(
            PATH, "<event/>", content_type="application/xml", headers=service.headers
        )

        assert answer.status_code == 415

    @pytest.mark.parametrize(("kind", "sent"), [(BATCH, event()), (ONE, [event()])])
    def test_it_refuses_a_body_that_is_not_of_its_type(self, service: Caller, kind: str, sent: Any) -> None:
        assert service.client.post(PATH, sent, content_type=kind, headers=service.headers).status_code == 400


class TestRepeatsSafely:
    def test_it_takes_an_event_once_for_ever(self, service: Caller, bob: Customer) -> None:
        assert told(service.post(event())) == (1, 0, [])
        for _ in range(2):
            assert told(service.post(event())) == (0, 1, [])
        assert MeterEvent.objects.count() == 1

    def test_it_knows_an_event_by_what_it_says(self, service: Caller, bob: Customer) -> None:
        sent = event(time=clock.now().isoformat(), data={"a": 1, "b": {"c": [2]}})
        service.post(sent)

        assert told(service.post(sent | {"data": {"b": {"c": [2]}, "a": 1}})) == (0, 1, [])

    @pytest.mark.parametrize(
        "changes",
        [{"data": {"tokens": 8}}, {"type": "calls"}, {"subject": "carol-at-home"}, {"time": "past"}],
    )
    def test_it_rejects_another_event_under_the_same_id(
        self, service: Caller, bob: Customer, changes: dict[str, Any]
    ) -> None:
        service.post(event())
        if "time" in changes:
            changes = {"time": (clock.now() - A_DAY).isoformat()}

        assert told(service.post(event(**changes))) == (0, 0, [(0, "event_id_reused")])
        assert MeterEvent.objects.get().data == {"tokens": 7}

    def test_it_takes_the_same_id_of_another_source(self, service: Caller, bob: Customer) -> None:
        assert told(service.post([event(), event(source="//tests/search")])) == (2, 0, [])

    def test_it_finds_a_duplicate_in_the_same_batch(self, service: Caller, bob: Customer) -> None:
        sent = [event(), event(), event(data={"tokens": 8}), event("e2")]

        assert told(service.post(sent)) == (2, 1, [(2, "event_id_reused")])

    def test_it_rejects_a_bad_event_as_often_as_it_comes(self, service: Caller) -> None:
        stranger = event(subject="cst_" + "0" * 26)

        assert told(service.post([stranger, stranger]))[2] == [
            (0, "customer_not_found"),
            (1, "customer_not_found"),
        ]

    def test_it_answers_a_key_again_byte_by_byte(self, service: Caller, bob: Customer) -> None:
        first = service.post([event()], key="k1")
        again = service.post([event()], key="k1")

        assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
        assert service.post([event("e2")], key="k1").status_code == 422


class TestMeters:
    @pytest.fixture(autouse=True)
    def _meters(self) -> None:
        meters.make("tokens", "tokens", Meter.Aggregation.SUM, "tokens")
        meters.make("users", "tokens", Meter.Aggregation.UNIQUE, "user")

    @pytest.mark.parametrize("tokens", [7, "7", 0, 0.5, "0.000001", 10**19])
    def test_it_takes_what_its_meters_count(self, service: Caller, bob: Customer, tokens: Any) -> None:
        assert told(service.post(event(data={"tokens": tokens, "user": "u1"}))) == (1, 0, [])

    @pytest.mark.parametrize(
        "tokens", [None, -1, "-1", "many", "", "1e3", "NaN", True, [7], {}, 10**20, "1\n", "٣"]
    )
    def test_it_rejects_what_they_cannot_count(self, service: Caller, bob: Customer, tokens: Any) -> None:
        answer = service.post(
            [event(data={"tokens": tokens, "user": "u1"}), event("e2", type="other", data={})]
        )

        assert told(answer) == (1, 0, [(0, "invalid_property")])
        assert "data.tokens" in answer.json()["rejected"][0]["detail"]

    def test_it_rejects_what_lacks_a_property(self, service: Caller, bob: Customer) -> None:
        assert told(service.post(event(data={"tokens": 7})))[2] == [(0, "invalid_property")]
