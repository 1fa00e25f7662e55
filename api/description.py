"""The API's description of itself: the OpenAPI document, and a page that shows it.

Owns that the document says what the API does (FastAPI derives it but for refusals and credentials), and that
the page loads nothing from elsewhere. Must not hold routes of the contract.
"""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from api.errors import PROBLEM_JSON, ProblemDetails

NOT_FOUND: Final = HTTPStatus.NOT_FOUND
CONFLICT: Final = HTTPStatus.CONFLICT
TOO_LARGE: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
UNPROCESSABLE: Final = HTTPStatus.UNPROCESSABLE_ENTITY
UNAVAILABLE: Final = HTTPStatus.SERVICE_UNAVAILABLE

DOCS: Final = "/docs"
ASSETS: Final = f"{DOCS}/assets"
_SCHEMAS: Final = "#/components/schemas/"
_BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, or a session token. Without configured keys none is needed.",
}
_FOREIGN: Final = ("HTTPValidationError", "ValidationError")
_POLICY: Final = "default-src 'self' 'unsafe-inline'; img-src 'self' data:"


def refusals(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The `responses` of routes that refuse with these."""
    content = {PROBLEM_JSON: {"schema": {"$ref": f"{_SCHEMAS}{ProblemDetails.__name__}"}}}
    return {status.value: {"description": status.phrase, "content": content} for status in statuses}


def describe(app: FastAPI) -> None:
    """Give `app` its document and its page."""
    derive = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(derive())
        return derive()

    app.openapi = document  # type: ignore[method-assign] # as FastAPI's documentation does
    app.add_api_route(DOCS, _page, include_in_schema=False, response_class=HTMLResponse)
    app.mount(ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]))


def _complete(document: dict[str, Any]) -> None:
    components = document.setdefault("components", {})
    problem = ProblemDetails.model_json_schema(ref_template=_SCHEMAS + "{model}", mode="serialization")
    components.setdefault("schemas", {}).update(
        {**problem.pop("$defs", {}), ProblemDetails.__name__: problem}
    )
    components["securitySchemes"] = {"bearer": _BEARER}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _forget_foreign_refusals(operation["responses"])
            if path.startswith("/v1/"):
                operation["security"] = [{"bearer": []}]
    for name in _FOREIGN:
        components["schemas"].pop(name, None)


def _forget_foreign_refusals(responses: dict[str, Any]) -> None:
    """FastAPI's own 422, which it adds where a path has a parameter, in a shape that nobody ever gets."""
    if f"{_SCHEMAS}{_FOREIGN[0]}" in str(responses.get("422")):
        del responses["422"]


async def _page() -> HTMLResponse:
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Perdure",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        swagger_ui_parameters={"validatorUrl": None},
    )
    page.headers["Content-Security-Policy"] = _POLICY
    return page
