"""The routes in words: as OpenAPI 3.1, and as a page that shows it without fetching anything from anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from lenet import grammar
from lenet.serve.limits import Limits
from lenet.serve.predictions import PREPARATIONS

__all__ = ["page", "paths"]

Json = dict[str, Any]

_BINARY: Json = {"type": "string", "format": "binary"}
_TEXT: Json = {"type": "string"}

_PREDICT: Json = {
    "model": {**_TEXT, "default": "digits", "description": "a network for single characters, by its name"},
    "prepare": {
        "enum": list(PREPARATIONS),
        "default": "ink",
        "description": "ink: find the character, wherever and however large it stands; grey: squeeze the picture as it "
        "is to 32x32; none: it is as the network reads it, at most 32x32, paper black and ink white",
    },
}
_READ: Json = {
    "kind": {
        **_TEXT,
        "description": f"what each page is: one field ({', '.join(grammar.NAMES)} or regex:PATTERN), or a cheque; "
        "without it, the page is read row by row",
    },
    "max_error": {**_TEXT, "description": "the share of all fields that may be accepted though wrong: 0.01 or 1%"},
    "decimal": {"enum": [".", ","], "description": "what stands before decimals, where a text does not settle it"},
    "date_order": {"enum": ["dmy", "mdy", "ymd"], "description": "the order of dates"},
    "template": {**_TEXT, "description": "each page is the form of this name (lenet serve --template)"},
    "model": {**_TEXT, "description": "a network by its name; by default fields for fields, else digits"},
}
_CHARACTER: Json = {
    "type": "object",
    "properties": {
        "text": _TEXT,
        "confidence": {"type": "number"},
        "box": {"type": "array", "items": {"type": "integer"}, "description": "left, top, right, bottom in pixels"},
        "alternatives": {"type": "array", "items": {"type": "object"}},
    },
}
_READING: Json = {
    "type": "object",
    "description": "as lenet read --json prints it",
    "properties": {
        "schema": {"type": "integer"},
        "file": {"type": ["string", "null"]},
        "page": {"type": "integer"},
        "field": {"type": ["string", "null"]},
        "box": _CHARACTER["properties"]["box"],
        "text": _TEXT,
        "value": {"type": ["string", "null"], "description": "what the text means: a number, an ISO date or time"},
        "confidence": {"type": "number"},
        "accepted": {"type": "boolean"},
        "reason": {**_TEXT, "description": "why it is not accepted"},
        "characters": {"type": "array", "items": _CHARACTER},
        "others": {"type": "array", "items": {"type": "object"}},
    },
}
_READINGS: Json = {
    "type": "object",
    "properties": {
        "schema": {"type": "integer"},
        "file": {"type": ["string", "null"]},
        "readings": {"type": "array", "items": _READING},
    },
}
_PREDICTION: Json = {
    "type": "object",
    "description": "as lenet predict --json prints it, with the probabilities of all classes",
    "properties": {
        "schema": {"type": "integer"},
        "file": {"type": ["string", "null"]},
        "class": _TEXT,
        "confidence": {"type": "number"},
        "runner_up": _TEXT,
        "runner_up_confidence": {"type": "number"},
        "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}
_ERROR: Json = {
    "type": "object",
    "properties": {
        "schema": {"type": "integer"},
        "error": {**_TEXT, "description": "one sentence: what was given, what was expected, what to do"},
        "status": {"type": "integer"},
        "limit": {**_TEXT, "description": "the option of lenet serve that changes the limit that was met"},
    },
}


def paths(limits: Limits) -> Json:
    """Return what OpenAPI calls the paths, with the limits as they are."""
    return {
        "/v1/predict": _work("Say which class a picture shows", _PREDICT, _PREDICTION, limits, several=False),
        "/v1/predict/batch": _work("Say it for several pictures", _PREDICT, _PREDICTION, limits, several=True),
        "/v1/read": _work("Read a picture, scan or document", _READ, _READINGS, limits, several=False),
        "/v1/read/batch": _work("Read several of them", _READ, _READINGS, limits, several=True),
        "/v1/detect": {
            "post": {"summary": "Find objects", "responses": {"501": {"description": "not in this version"}}}
        },
        "/health": _look("Say that the service is alive, and how much it has to do"),
        "/ready": _look("Say whether requests are answered: 503 until the networks are warm"),
        "/version": _look("Say which version, models, templates and limits there are"),
        "/metrics": _look("Counters for Prometheus", "text/plain"),
    }


def _work(summary: str, options: Json, result: Json, limits: Limits, *, several: bool) -> Json:
    file: Json = {"type": "array", "items": _BINARY} if several else _BINARY
    encoded: Json = {"pictures": {"type": "array", "items": _TEXT}} if several else {"picture": _TEXT}
    content: Json = {
        "multipart/form-data": {"schema": _object({"file": file} | options, ["file"])},
        "application/json": {"schema": _object(encoded | options, list(encoded))},
    }
    if not several:
        content |= {kind: {"schema": _BINARY} for kind in ("application/octet-stream", "image/*")}
    answer = (
        _object({"schema": {"type": "integer"}, "results": {"type": "array", "items": result}}) if several else result
    )
    return {
        "post": {
            "summary": summary,
            "parameters": [
                {"name": name, "in": "query", "required": False, "schema": schema} for name, schema in options.items()
            ],
            "requestBody": {"required": True, "content": content},
            "responses": {"200": _answer("done", "application/json", answer)} | _refusals(limits),
        }
    }


def _refusals(limits: Limits) -> Json:
    words = {
        "401": "a token is needed, and none or a wrong one came",
        "403": "the service was called by a name that it does not know, or by a page of another site",
        "413": f"larger than {limits.body:,} bytes, {limits.pixels:,} pixels, {limits.pages} pages or "
        f"{limits.pictures} pictures",
        "415": "a content type that is not read",
        "422": "a picture or an option that cannot be used",
        "429": f"{limits.waiting} requests are waiting, or too many bytes; Retry-After says when to come back",
        "503": f"not ready yet, or not done within {limits.seconds:g} seconds",
    }
    return {status: _answer(text, "application/json", _ERROR) for status, text in words.items()}


def _look(summary: str, kind: str = "application/json") -> Json:
    schema = _TEXT if kind == "text/plain" else {"type": "object"}
    return {"get": {"summary": summary, "responses": {"200": _answer("now", kind, schema)}}}


def _answer(description: str, kind: str, schema: Json) -> Json:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _object(properties: Json, required: Iterable[str] = ()) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


# ---- The page

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.6rem; border: 1px solid #8884; border-radius: 4px; }
summary { cursor: pointer; padding: 0.4rem 0; } dt { font-weight: 600; }
.method { display: inline-block; min-width: 3.5em; font-weight: 700; }
"""


def page(described: Mapping[str, Any]) -> str:
    """Return a page that shows an OpenAPI description: routes, options, answers and a call of each by curl."""
    info = described["info"]
    sections = [
        _section(path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('description', ''))} "
        f'As OpenAPI: <a href="openapi.json">openapi.json</a>.</p>{"".join(sections)}</body></html>'
    )


def _section(path: str, method: str, operation: Mapping[str, Any]) -> str:
    options = "".join(_option(each) for each in operation.get("parameters", ()))
    answers = "".join(
        f"<dt>{escape(status)}</dt><dd>{escape(answer.get('description', ''))}</dd>"
        for status, answer in operation.get("responses", {}).items()
    )
    call = escape(_curl(path, method, operation))
    return (
        f'<details><summary><span class="method">{escape(method.upper())}</span> <code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</summary><pre>{call}</pre>"
        f"{f'<h3>Options</h3><dl>{options}</dl>' if options else ''}<h3>Answers</h3><dl>{answers}</dl></details>"
    )


def _option(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    choices = ", ".join(map(json.dumps, schema.get("enum", ())))
    words = ": ".join(part for part in (choices, schema.get("description", "")) if part)
    return f"<dt><code>{escape(parameter['name'])}</code></dt><dd>{escape(words)}</dd>"


def _curl(path: str, method: str, operation: Mapping[str, Any]) -> str:
    if method == "get":
        return f"curl http://127.0.0.1:8000{path}"
    several = path.endswith("/batch")
    files = "-F file=@a.png -F file=@b.png" if several else "-F file=@a.png"
    kinds = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in kinds:
        return f"curl {files} http://127.0.0.1:8000{path}"
    return f"curl -X {method.upper()} http://127.0.0.1:8000{path}"
