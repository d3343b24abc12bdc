"""How the API document describes bodies that we read ourselves: schemas by hand, with examples."""

from typing import Any

import msgspec


def json_body(schema: dict[str, Any], example: object) -> dict[str, Any]:
    """Return the OpenAPI description of a required JSON body."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def shape_body(shape: type[msgspec.Struct], example: object) -> dict[str, Any]:
    """Return the OpenAPI description of a required body in a shape of ours."""
    _, components = msgspec.json.schema_components([shape])
    return json_body(dict(components[shape.__name__]), example)


def text(description: str = "") -> dict[str, Any]:
    """Return the schema of a text."""
    return {"type": "string", "description": description}


SECRET_VALUE: dict[str, Any] = {
    "type": "object",
    "required": ["type", "value"],
    "properties": {"type": {"enum": ["plain"]}, "value": {"type": "string", "writeOnly": True}},
}

NETWORK: dict[str, Any] = {
    "type": "object",
    "description": "OpenZeppelin Monitor's network object, and `start_number`.",
    "required": [
        "network_type", "slug", "name", "rpc_urls", "block_time_ms", "confirmation_blocks",
        "cron_schedule",
    ],
    "properties": {
        "network_type": {"enum": ["EVM", "Stellar"]},
        "slug": text("What monitors call it."),
        "name": text(),
        "rpc_urls": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type_", "url", "weight"],
                "properties": {
                    "type_": {"enum": ["rpc"]},
                    "url": SECRET_VALUE,
                    "weight": {"type": "integer", "minimum": 0, "maximum": 100},
                },
            },
        },
        "chain_id": {"type": "integer", "description": "EVM: verified on every endpoint."},
        "network_passphrase": text("Stellar: verified on every endpoint."),
        "block_time_ms": {"type": "integer", "minimum": 100},
        "confirmation_blocks": {
            "type": "integer",
            "minimum": 0,
            "description": "How many blocks follow before an alert goes out.",
        },
        "cron_schedule": text("Required by the format, without effect."),
        "start_number": {"type": "integer", "description": "The first block; else the head."},
    },
}  # fmt: skip

NETWORK_EXAMPLE: dict[str, Any] = {
    "network_type": "EVM",
    "slug": "ethereum_mainnet",
    "name": "Ethereum Mainnet",
    "rpc_urls": [
        {
            "type_": "rpc",
            "url": {"type": "plain", "value": "https://rpc.example.org/v1/key"},
            "weight": 100,
        }
    ],
    "chain_id": 1,
    "block_time_ms": 12000,
    "confirmation_blocks": 12,
    "cron_schedule": "0 */1 * * * *",
}

CONDITION: dict[str, Any] = {
    "type": "object",
    "required": ["signature"],
    "properties": {"signature": text("`Transfer(address,address,uint256)`"), "expression": text()},
}

MONITOR: dict[str, Any] = {
    "type": "object",
    "description": "OpenZeppelin Monitor's monitor object.",
    "required": [
        "name", "paused", "networks", "addresses", "match_conditions", "trigger_conditions",
        "triggers",
    ],
    "properties": {
        "name": text("Unique in the tenant, whatever the case of its letters."),
        "paused": {"type": "boolean"},
        "networks": {"type": "array", "items": text("Slug of a network the tenant may watch.")},
        "addresses": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["address"],
                "properties": {
                    "address": text(),
                    "contract_spec": {"description": "The ABI (EVM) or SEP-48 spec (Stellar)."},
                },
            },
        },
        "match_conditions": {
            "type": "object",
            "required": ["functions", "events", "transactions"],
            "properties": {
                "functions": {"type": "array", "items": CONDITION},
                "events": {"type": "array", "items": CONDITION},
                "transactions": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["status"],
                        "properties": {
                            "status": {"enum": ["Any", "Success", "Failure"]},
                            "expression": text(),
                        },
                    },
                },
                "operations": {
                    "type": "array",
                    "description": "Stellar only; beyond OpenZeppelin Monitor.",
                    "items": {
                        "type": "object",
                        "required": ["type"],
                        "properties": {"type": text("`payment`"), "expression": text()},
                    },
                },
            },
        },
        "trigger_conditions": {"type": "array", "maxItems": 0, "items": {}},
        "triggers": {"type": "array", "items": text("Slug of a trigger.")},
    },
}  # fmt: skip

MONITOR_EXAMPLE: dict[str, Any] = {
    "name": "Large transfers",
    "paused": False,
    "networks": ["ethereum_mainnet"],
    "addresses": [
        {
            "address": "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
            "contract_spec": [
                {
                    "type": "event",
                    "name": "Transfer",
                    "anonymous": False,
                    "inputs": [
                        {"name": "from", "type": "address", "indexed": True},
                        {"name": "to", "type": "address", "indexed": True},
                        {"name": "value", "type": "uint256", "indexed": False},
                    ],
                }
            ],
        }
    ],
    "match_conditions": {
        "functions": [],
        "events": [
            {
                "signature": "Transfer(address,address,uint256)",
                "expression": "value > 1000000000000",
            }
        ],
        "transactions": [],
    },
    "trigger_conditions": [],
    "triggers": ["on_call"],
}

_SIGNED: dict[str, Any] = {
    "type": "object",
    "required": ["signature"],
    "properties": {"signature": text("As in a monitor.")},
}

EXPRESSION: dict[str, Any] = {
    "type": "object",
    "description": (
        "An expression, and which one of `event`, `function`, `transaction` and `operation` it "
        "is the condition of, in the words of a monitor."
    ),
    "required": ["network_type", "expression"],
    "properties": {
        "network_type": {"enum": ["EVM", "Stellar"]},
        "expression": text(),
        "event": _SIGNED,
        "function": _SIGNED,
        "transaction": {
            "type": "object",
            "properties": {"status": {"enum": ["Any", "Success", "Failure"]}},
        },
        "operation": {
            "type": "object",
            "description": "Stellar only.",
            "required": ["type"],
            "properties": {"type": text("`payment`")},
        },
        "address": text("Of the contract; `any` if left out."),
        "contract_spec": {
            "type": "array",
            "description": (
                "The ABI (EVM) or SEP-48 spec (Stellar), of which one item is enough. Without it "
                "the signature says what there is: names too on EVM, positions only on Stellar."
            ),
        },
    },
}  # fmt: skip

EXPRESSION_EXAMPLE: dict[str, Any] = {
    "network_type": "EVM",
    "event": {"signature": "Transfer(address indexed from, address indexed to, uint256 value)"},
    "expression": "value > 1000000000000",
}

TRIGGER: dict[str, Any] = {
    "type": "object",
    "description": "OpenZeppelin Monitor's trigger object, and the slug monitors call it by.",
    "required": ["slug", "name", "trigger_type", "config"],
    "properties": {
        "slug": text("What monitors call it."),
        "name": text(),
        "trigger_type": {"enum": ["webhook"]},
        "config": {
            "type": "object",
            "required": ["url"],
            "properties": {
                "url": SECRET_VALUE,
                "secret": SECRET_VALUE,
                "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                "method": {"enum": ["POST"]},
            },
        },
    },
}

TRIGGER_EXAMPLE: dict[str, Any] = {
    "slug": "on_call",
    "name": "On call",
    "trigger_type": "webhook",
    "config": {"url": {"type": "plain", "value": "https://hooks.example.org/tocsin"}},
}
