"""The page that shows the API document to people: one file, nothing from elsewhere."""

import base64
from hashlib import sha256

from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 13px/1.5 ui-monospace, monospace }
pre { background: #8881; padding: .7rem; overflow: auto; border-radius: 4px }
details { border: 1px solid #8884; border-radius: 4px; margin: .4rem 0; padding: .4rem .7rem }
summary { cursor: pointer } summary b { display: inline-block; min-width: 4.5rem }
:root { color-scheme: light dark }
"""

SCRIPT = """
const add = (to, tag, text) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  to.append(made);
  return made;
};
const resolved = (schema, all, depth) => {
  if (!schema || typeof schema !== "object" || depth > 8) return schema;
  if (Array.isArray(schema)) return schema.map(each => resolved(each, all, depth + 1));
  if (schema.$ref) return resolved(all[schema.$ref.split("/").pop()], all, depth + 1);
  return Object.fromEntries(Object.entries(schema).map(
    ([key, value]) => [key, resolved(value, all, depth + 1)]));
};
const show = (to, title, value) => {
  add(to, "h4", title);
  add(to, "pre", JSON.stringify(value, null, 2));
};
fetch("openapi.json").then(answer => answer.json()).then(api => {
  const root = document.getElementById("routes");
  const all = (api.components || {}).schemas || {};
  add(root, "h1", api.info.title + " " + api.info.version);
  add(root, "p", api.info.description || "");
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, route] of Object.entries(methods)) {
      const box = add(root, "details");
      const head = add(box, "summary");
      add(head, "b", method.toUpperCase());
      add(head, "code", path);
      add(head, "span", " " + (route.description || route.summary || ""));
      if (route.parameters) show(box, "Parameters", resolved(route.parameters, all, 0));
      const body = ((route.requestBody || {}).content || {})["application/json"];
      if (body) {
        show(box, "Body, for example", body.example);
        show(box, "Body, schema", resolved(body.schema, all, 0));
      }
      for (const [status, answer] of Object.entries(route.responses)) {
        const content = Object.values(answer.content || {})[0];
        const title = status + " " + (answer.description || "");
        if (content) show(box, title, resolved(content.schema, all, 0));
        else add(box, "h4", title);
      }
    }
  }
});
"""

PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tocsin API</title>
<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>
<body><main id="routes"></main><noscript>The document itself is at openapi.json.</noscript>
<script>{SCRIPT}</script></body></html>
"""


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


# The browser runs this script and style, and fetches from us; nothing else, whatever the page says.
POLICY = (
    f"default-src 'none'; script-src {_hash_source(SCRIPT)}; style-src {_hash_source(STYLE)}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/docs", response_model=None)
async def get_docs() -> Response:
    """Show the API document."""
    return Response(PAGE, media_type="text/html", headers={"Content-Security-Policy": POLICY})
