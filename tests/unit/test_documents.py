"""The documents say what is so: links lead somewhere, commands exist, examples run."""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import pytest
from fastapi import FastAPI

from tests.support.expression_vectors import to_arguments, to_layout
from tocsin.api.app import PREFIX, closed_router
from tocsin.chains.evm.layout import to_parameter
from tocsin.chains.registry import family_code
from tocsin.cli.main import cli
from tocsin.control.drafts import parse_monitor_body, parse_network_body, parse_trigger_body
from tocsin.errors import ExpressionSyntaxError, ExpressionTypeError
from tocsin.matching.compiled import compile_monitor
from tocsin.matching.expression.checker import check_expression
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.parser import parse_expression
from tocsin.model.ids import MonitorId, TenantId
from tocsin.model.interface import Layout
from tocsin.model.monitor import MonitorRef

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
HEADINGS = ["## Context", "## Decision", "## Consequences", "## Alternatives"]
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE_ROW = re.compile(r"^\| (?P<cells>.*) \|$", re.MULTILINE)

Row = Mapping[str, str]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def is_dead(page: Path, target: str) -> bool:
    if re.match(r"https?://", target):
        return False
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return not file.exists() or bool(anchor and anchor not in anchors_of(file))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    assert [target for target in targets if is_dead(page, target)] == []


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_its_four_headings(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")] == HEADINGS


def test_decisions_are_numbered_without_a_hole_and_listed() -> None:
    listed = re.findall(r"^- \[(\d+)\. .*\]\((.*)\)$", text_of("docs/decisions/README.md"), re.M)
    assert [file for _, file in listed] == [page.name for page in DECISIONS]
    assert [int(number) for number, _ in listed] == list(range(1, len(DECISIONS) + 1))
    for page, (number, _) in zip(DECISIONS, listed, strict=True):
        assert page.name.startswith(f"{int(number):04d}-")
        assert page.read_text("utf-8").startswith(f"# {number}. ")


@cache
def known_tests() -> frozenset[str]:
    return frozenset(
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        if "node_modules" not in file.parts
        for name in (file.stem, *re.findall(r"def (test_\w+)\(", file.read_text("utf-8")))
    )


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page.read_text(encoding="utf-8")))
    assert named - known_tests() == set()


def commands_of(page: Path) -> Iterator[str]:
    """Yield the commands that a page tells the reader to type, and those in its prose."""
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        if fence["language"] in {"console", "sh"}:
            for line in fence["body"].replace("\\\n", " ").splitlines():
                yield line.removeprefix("$ ").strip()
    yield from re.findall(r"`((?:make|tocsin) [^`]+)`", FENCE.sub("", text))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    named = {
        word
        for command in commands_of(page)
        if command.startswith("make ")
        for word in command.split(" #")[0].split()[1:]
        if re.fullmatch(r"[a-z]+", word)
    }
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    for command in commands_of(page):
        found = re.search(r"(?:^|\s)tocsin ([a-z][a-z-]*)(.*)", command)
        if found is None:
            continue
        known = options_of(found[1])
        assert known, command
        assert set(re.findall(r"(?<=\s)--[a-z-]+", found[2])) <= known, command


def options_of(name: str) -> set[str]:
    """Return the options of a command of ours; none where there is no such command."""
    command = cli.get_command(click.Context(cli), name)
    if command is None:
        return set()
    below = command.commands.values() if isinstance(command, click.Group) else ()
    params = [each for one in (command, *below) for each in one.params]
    options = [each for each in params if isinstance(each, click.Option)]
    return {"--help", *(spelling for option in options for spelling in option.opts)}


def tree_of_readme() -> str:
    (tree,) = [
        f["body"] for f in FENCE.finditer(text_of("README.md")) if "src/tocsin/" in f["body"]
    ]
    return tree


def test_the_tree_in_the_readme_lists_every_package() -> None:
    package = ROOT / "src" / "tocsin"
    real = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in package.iterdir()
        if not path.name.startswith("__") and path.name != "py.typed"
    }
    shown = set(re.findall(r"^│   [├└]── (\S+)", tree_of_readme().split("src/tocsin/")[1], re.M))
    assert shown == real


def test_everything_else_in_the_tree_of_the_readme_is_there() -> None:
    shown = re.findall(r"^[├└]── (\S+)", tree_of_readme(), re.MULTILINE)
    assert [name for name in shown if not (ROOT / name).exists()] == []


def test_the_ladder_in_the_architecture_is_the_enforced_one() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (ladder,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    (block,) = re.findall(r"<!-- ladder -->\n```text\n(.*?)```", text_of("ARCHITECTURE.md"), re.S)
    shown = [re.split(r" {3,}", line)[0] for line in block.splitlines()]
    # Rungs in parentheses are kept free for packages to come.
    there = [{name for name in rung.split(" | ") if name[0] != "("} for rung in ladder]
    assert [set(rung.split(" | ")) for rung in shown] == there


def rows_after(page: str, mark: str) -> list[Row]:
    """Return the rows of the table behind a comment, by the table's heads."""
    table = text_of("docs", page).split(f"<!-- {mark} -->\n")[1].split("\n\n")[0]
    heads, _, *lines = [line.strip("|").split(" | ") for line in table.splitlines()]
    names = [head.strip() for head in heads]
    return [
        dict(zip(names, [cell.strip().strip("`") for cell in line], strict=True)) for line in lines
    ]


def layout_and_values(family: str) -> tuple[Layout, list[dict[str, str]]]:
    rows = rows_after("expressions.md", f"values: {family}")
    params = [{**row, "name": row["parameter"], "kind": row["kind"].split("(")[0]} for row in rows]
    layout = to_layout(family, params)
    if family == "EVM":
        parameters = tuple(_evm_parameter(row["parameter"], row["kind"]) for row in rows)
        layout = Layout(family=family, parameters=parameters)
    return layout, params


def _evm_parameter(name: str, kind: str) -> Any:
    base, _, inner = kind.partition("(")
    parts = [part.split() for part in inner.removesuffix(")").split(",") if part]
    fields = [to_parameter(part_name, part_kind) for part_kind, part_name in parts]
    return to_parameter(name, base, components=fields)


def outcome(family: str, expression: str) -> str:
    layout, params = layout_and_values(family)
    lists = {
        row["list"]: re.split("` `", row["entries"])
        for row in rows_after("expressions.md", "lists")
    }
    try:
        node = parse_expression(expression)
        check_expression(node, layout, lists=lists)
    except (ExpressionSyntaxError, ExpressionTypeError):
        return "refused"
    met = compile_expression(node, layout, lists=lists)(to_arguments(layout, params))
    return "met" if met else "not met"


EXAMPLES = [
    pytest.param(family, row["expression"], row["result"], id=row["expression"][:40])
    for family, mark in (
        ("EVM", "examples: EVM"),
        ("EVM", "more examples: EVM"),
        ("Stellar", "examples: Stellar"),
    )
    for row in rows_after("expressions.md", mark)
]


@pytest.mark.parametrize(("family", "expression", "result"), EXAMPLES)
def test_an_example_expression_comes_out_as_the_page_says(
    family: str, expression: str, result: str
) -> None:
    assert outcome(family, expression) == result


def test_what_the_page_says_of_skipped_comparisons_is_so() -> None:
    said = re.findall(r"^- `(.+)` is (not met|met):", text_of("docs/expressions.md"), re.MULTILINE)
    assert len(said) == 2
    assert [outcome("EVM", expression) for expression, _ in said] == [result for _, result in said]


def imported_distributions() -> set[str]:
    """Return the distributions that our package imports, by the name they are installed under."""
    tops = {
        name.partition(".")[0]
        for file in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in _imports(node)
    }
    foreign = tops - set(sys.stdlib_module_names) - {"tocsin"}
    known = packages_distributions()
    return {known[top][0].lower().replace("_", "-") for top in foreign}


def _imports(node: ast.AST) -> Sequence[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case _:
            return []


def test_every_library_in_use_has_a_line_with_its_reason() -> None:
    page = text_of("docs/decisions/0028-libraries.md")
    cells = [row.split(" | ") for row in TABLE_ROW.findall(page)][1:]
    listed = {word.strip(",") for library, *_ in cells for word in library.split()}
    assert imported_distributions() - listed == set()
    assert [cell for cell in cells if len(cell) != 3 or not all(cell)] == []


def files_of_readme() -> dict[str, bytes]:
    """Return what the README tells the reader to put into files."""
    here = re.compile(r"^\$? ?cat > (\S+) <<'END'\n(.*?)^END$", re.MULTILINE | re.DOTALL)
    return {name: body.encode() for name, body in here.findall(text_of("README.md"))}


def test_the_files_of_the_five_minute_start_are_accepted() -> None:
    files = files_of_readme()
    network = parse_network_body(files["network.json"]).draft
    trigger = parse_trigger_body(files["trigger.json"]).draft
    monitor = parse_monitor_body(files["monitor.json"]).draft
    assert (monitor.networks, monitor.triggers) == ((network.slug,), (trigger.slug,))
    ref = MonitorRef(id=MonitorId(UUID(int=1)), tenant_id=TenantId(UUID(int=2)), version=1)
    assert compile_monitor(ref, family_code(network.family).key_monitor(monitor)).conditions


def test_every_json_of_the_readme_is_json() -> None:
    bodies = re.findall(r"-d '(\{.*?\})'", text_of("README.md"), re.DOTALL)
    assert bodies
    assert [json.loads(body) for body in bodies]


def test_every_route_that_a_page_asks_for_exists() -> None:
    app = FastAPI()
    app.include_router(closed_router())
    known = {
        (method.upper(), re.sub(r"\{[^}]*\}", "*", path.removeprefix(PREFIX)))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    asked = {request for page in PAGES for request in requests_of(page)}
    assert asked
    assert asked - known == set()


def requests_of(page: Path) -> Iterator[tuple[str, str]]:
    """Yield method and path of every request to the API that a page shows."""
    text = page.read_text(encoding="utf-8")
    for line in text.splitlines():
        for path in re.findall(r"\$API(/[^\s\"'?]*)", line):
            method = "POST" if " -d " in line else "GET"
            yield method, re.sub(r"(?<=/tenants/)[\w-]+", "*", path)
    for method, path in re.findall(rf"`([A-Z]+) {PREFIX}(/[^`?]*)", text):
        yield method, re.sub(r"\{[^}]*\}", "*", path)
