"""Rules of the house that no linter knows. Each walks the tree, so a new file is held to them too."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("portal", "storage", "gateway", "billing", "redemption", "ledger", "accounts", "sandbox")
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
# Names in docstrings that live in Python, PostgreSQL, HTTP or a library rather than in this tree.
BACKTICKED = re.compile(r"(?<!`)`([A-Za-z_][A-Za-z0-9_./]*)`(?!`)")


@cache
def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    paths = (ROOT / line for line in listed.stdout.splitlines())
    return [p for p in paths if p.suffix in suffixes and p.is_file() and "vendor" not in p.parts]


def product_sources() -> list[Path]:
    return [path for path in tracked(".py") if path.relative_to(ROOT).parts[0] in ROOMS]


def handwritten(paths: list[Path]) -> list[Path]:
    return [path for path in paths if "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", handwritten(tracked(".py")), ids=named)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", handwritten(tracked(".py")), ids=named)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        node.name for node in functions(path) if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]

    assert long == []


@pytest.mark.parametrize("room", ["ledger", "redemption", "billing"])
def test_no_float_comes_near_money(room: str) -> None:
    floats = [
        f"{named(path)}:{node.lineno}"
        for path in handwritten(product_sources())
        if path.relative_to(ROOT).parts[0] == room
        for node in ast.walk(ast.parse(path.read_text()))
        if is_float(node) and not NO_MONEY.search(path.read_text().splitlines()[node.lineno - 1])
    ]

    assert floats == []


# Waiting is measured in fractions of a second, and a signature is of JavaScript's numbers: neither is money.
NO_MONEY = re.compile("(?i)seconds|deadline|JavaScript")


def is_float(node: ast.AST) -> TypeGuard[ast.expr]:
    match node:
        case ast.Constant(value=float()):
            return True
        case ast.Name(id="float" | "FloatField") | ast.Attribute(attr="FloatField"):
            return True
        case _:
            return False


def test_docstrings_name_only_what_exists() -> None:
    sources = {path: path.read_text() for path in tracked(".py", ".sql", ".html", ".toml", ".css", ".js")}
    vocabulary = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", "\n".join(without_docstrings(sources))))
    vocabulary |= {part for path in tracked(*SUFFIXES) for part in path.with_suffix("").parts}

    missing = [
        f"{named(path)}: `{name}`"
        for path in handwritten(product_sources())
        for name in BACKTICKED.findall("\n".join(docstrings(path)))
        if not set(re.split(r"[./]", name.removesuffix(".py").removesuffix(".sql"))) - {""} <= vocabulary
    ]

    assert missing == []


SUFFIXES = (".py", ".sql", ".html", ".md", ".toml", ".css", ".js", ".po")


def docstrings(path: Path) -> Iterator[str]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, kinds):
            yield ast.get_docstring(node) or ""


def without_docstrings(sources: dict[Path, str]) -> Iterator[str]:
    """Yield the code alone: a name that only docstrings mention must not vouch for itself."""
    for path, text in sources.items():
        yield re.sub(r'"""[\s\S]*?"""', "", text) if path.suffix == ".py" else text


@pytest.mark.parametrize("path", tracked(".py", ".md", ".html", ".toml", ".txt", ".po", ".sql"), ids=named)
def test_nothing_of_the_building_site_is_in_the_tree(path: Path) -> None:
    hosts = ["py" + "pi.org", "python" + "hosted", "registry.npm" + "js", "deb.deb" + "ian.org"]
    folders = ["/" + "work" + "/", "/" + "root" + "/"]
    text = path.read_text()

    assert [word for word in hosts + folders if word in text] == []
