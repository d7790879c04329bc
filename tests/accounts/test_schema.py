"""The OpenAPI schema shows plain views and DRF views alike."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from config.kit import schema as kit_schema
from tests.accounts import sample_routes


@pytest.fixture
def schema() -> dict[str, Any]:
    return dict(SchemaGenerator().get_schema(request=None, public=True))


@pytest.mark.urls(sample_routes)
class TestPlainViews:
    def test_they_show_body_answer_and_key(self, schema: dict[str, Any]) -> None:
        order = schema["paths"]["/internal/order"]["post"]

        body = order["requestBody"]["content"]["application/json"]["schema"]
        answer = order["responses"]["201"]["content"]["application/json"]["schema"]
        assert (body, answer) == (
            {"$ref": "#/components/schemas/Order"},
            {"$ref": "#/components/schemas/Receipt"},
        )
        assert order["security"] == [{"apiKey": []}]
        assert order["summary"] == "Take an order."
        assert schema["components"]["schemas"]["Order"]["additionalProperties"] is False

    def test_they_show_path_parameters(self, schema: dict[str, Any]) -> None:
        parameters = schema["paths"]["/internal/whoami/{name}"]["get"]["parameters"]

        assert [(parameter["in"], parameter["name"]) for parameter in parameters] == [("path", "name")]

    def test_exact_numbers_are_text_or_number(self, schema: dict[str, Any]) -> None:
        usage = schema["components"]["schemas"]["Order"]["properties"]["usage"]

        exact = usage["anyOf"][0]["additionalProperties"]
        assert {choice["type"] for choice in exact["oneOf"]} == {"string", "number"}

    def test_every_call_shows_the_problem(self, schema: dict[str, Any]) -> None:
        for methods in schema["paths"].values():
            for operation in methods.values():
                assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_two_things_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="Order"):
        kit_schema._join({"Order": {"properties": {"a": {}}}}, {"Order": {"properties": {"b": {}}}})


def test_the_schema_names_the_wallets_calls(schema: dict[str, Any]) -> None:
    assert {"/v1/wallet/balance", "/v1/wallet/transactions"} <= schema["paths"].keys()
    assert schema["openapi"].startswith("3.1")
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
