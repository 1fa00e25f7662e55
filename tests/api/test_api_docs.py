import re
from typing import Any

from tests.api.asking import Http, Json, answer


async def test_the_page_loads_nothing_from_elsewhere(http: Http) -> None:
    response = await http.get("/docs")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in response.headers["content-security-policy"]
    named = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", response.text)
    assert len(named) >= 4
    for url in named:
        assert url.startswith("/"), url
        assert (await http.get(url)).status_code == 200
    assert '"validatorUrl": null' in response.text


async def test_there_is_one_page_and_no_other(http: Http) -> None:
    for url in ("/redoc", "/docs/oauth2-redirect", "/docs/assets/nothing.js", "/docs/assets/../core.py"):
        assert (await http.get(url)).status_code == 404


async def document(http: Http) -> Json:
    return answer(await http.get("/openapi.json"))


async def test_the_document_names_refusals_as_they_are(http: Http) -> None:
    described = await document(http)
    schemas = described["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and path != "/readyz":
                    assert set(response["content"]) == {"application/problem+json"}, (method, path, status)
            assert (operation.get("security") == [{"bearer": []}]) == path.startswith("/v1/")
    assert set(schemas["ProblemDetails"]["required"]) == {"type", "title", "status", "detail", "code"}
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_every_reference_of_the_document_leads_somewhere(http: Http) -> None:
    described = await document(http)
    for reference in set(references(described)):
        part: Any = described
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in references(value)]
    return [found for value in part for found in references(value)] if isinstance(part, list) else []


async def test_durations_are_seconds(http: Http) -> None:
    limits = (await document(http))["components"]["schemas"]["LimitsPatch"]["properties"]
    kinds = [choice["type"] for choice in limits["idle_timeout"]["anyOf"]]
    assert kinds == ["number", "null"]
