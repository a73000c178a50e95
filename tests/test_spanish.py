"""Every sentence of the program that a page may show has its Spanish, and the Spanish ones are said by the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from ingest.types import PageUnit
from ui.evaluations import What
from ui.ledger.audit import ACTIONS as AUDITED
from ui.memory.votes import Progress
from ui.web.sentences import checking
from ui.web.sentences.details import ACTIONS, DETAILS
from ui.web.spanish import BOOKS, _translated, detail_in_spanish, in_language, spanish

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingest", "assistant", "eval", "ui")
PAGES = ("ui.api.app", "ui.web.site")
"""Where the modules are imported from, one by the other, that a page may need."""
LOADED_BY_NAME = ("assistant.backends", "ingest.loaders")
UNSEEN = (
    "ingest.assets",
    "assistant.hardware",
    "assistant.hub",
    "assistant.trial",
    "eval.calibration",
    "ui.people.oidc",
    "ui.remote",
)
"""Their sentences are for the command line and the log."""
IN_BOTH = re.compile(r".*texts|eval\.report.*|eval\.judge_choice|eval\.coldstart|ui\.web\.sentences.*")
"""Modules with texts in Spanish and English side by side."""
NO_SENTENCES = {"Phrases", "Text", "_metric", "ExportTexts", "Field", "Query", "print", "warning", "error", "info"} | {
    "Counter", "Histogram", "GaugeMetricFamily", "CounterMetricFamily",
}  # fmt: skip
"""What is called with texts that no page shows, or that stand there in both languages."""
SLOT = re.compile(r"\{\w*\}")


@cache
def module(name: str) -> ast.Module | None:
    path = ROOT.joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else None


def reached() -> set[str]:
    """The modules behind the pages."""
    found: set[str] = set()
    left = [*PAGES, *(name for name in all_modules() if name.startswith(LOADED_BY_NAME))]
    while left:
        if (name := left.pop()) in found or name.partition(".")[0] not in PACKAGES or (tree := module(name)) is None:
            continue
        found.add(name)
        left += imported(tree)
    return found


def all_modules() -> Iterator[str]:
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            yield ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def strings(node: ast.AST) -> Iterator[str]:
    """The texts below a node, with `{}` for what is filled in; no docstrings."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call) and called(node) in NO_SENTENCES:
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield SLOT.sub("{}", node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from strings(part.value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from strings(child)


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@cache
def said() -> frozenset[str]:
    trees = [module(name) for name in reached() if name not in UNSEEN and not IN_BOTH.fullmatch(name)]
    return frozenset(text for tree in trees if tree for text in strings(tree))


def is_sentence(text: str) -> bool:
    """Errors and findings are whole sentences; a text without a word of its own consists of others."""
    return text.endswith(".") and text.count(" ") > 1 and "\n" not in text and bool(re.search("[a-z]{3}", text))


def sentences() -> dict[str, str]:
    return {english: told for book in BOOKS for english, told in book.SENTENCES.items()}


def fragments() -> dict[str, str]:
    return {english: told for book in BOOKS for english, told in book.FRAGMENTS.items()}


def longest_phrase(english: str) -> str:
    return max((piece.strip() for piece in re.split(r"{}|[:;(),.]", english)), key=len)


def test_every_sentence_that_a_page_may_show_has_its_spanish() -> None:
    missing = sorted(text for text in said() if is_sentence(text) and text not in sentences())
    assert not missing, f"give these their Spanish in ui/web/sentences: {missing}"


def test_every_spanish_sentence_is_one_that_the_program_says() -> None:
    assert not sorted(sentences().keys() - said())
    whole = "\n".join(said())
    shapes = [re.compile(".+".join(map(re.escape, text.split("{}")))) for text in said() if is_sentence(text)]
    strange = [
        english
        for english in fragments().keys() - checking.FRAGMENTS.keys()
        if longest_phrase(english) not in whole and not any(shape.fullmatch(english) for shape in shapes)
    ]
    assert not strange


def test_the_spanish_takes_what_the_english_is_filled_with() -> None:
    for english, told in (sentences() | fragments()).items():
        filled = [f"<{number}>" for number in range(english.count("{}"))]
        assert told != english and all(told.format(*filled).count(part) == 1 for part in filled), english


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("The question is empty: write one.", "La pregunta está vacía: escriba una."),
        (
            "The request's field 'messages' is wrong: the question has more than 20000 characters: ask a shorter one.",
            "El campo «messages» de la petición no es válido: la pregunta tiene más de 20000 caracteres: haga una más corta.",
        ),
        ("row 8", "fila 8"),
        ("article 1, paragraph 2, question 3", "artículo 1, párrafo 2, pregunta 3"),
        ("'x y' can't name a back end: use letters, digits, '-' and '_'.", "«x y» no puede ser el nombre de un motor"),
        ("There is no run 'r1': there are a, b, ….", "No hay ninguna evaluación «r1»: hay a, b, …."),
        (
            "No back end could answer: back end 'a' (openai at http://h/v1) did not answer in time: check its log and its load,"
            " try again; back end 'b' (ollama at http://i) can't be reached (refused): check that it runs (ollama serve).",
            "Ningún motor pudo responder: el motor «a» (openai en http://h/v1) no respondió a tiempo: revise su registro y su"
            " carga, y repita; no hay conexión con el motor «b» (ollama en http://i) (refused): compruebe que funciona",
        ),
        ("What somebody else's server said.", "What somebody else's server said."),
    ],
)
def test_what_a_sentence_is_filled_with_is_spanish_too(english: str, told: str) -> None:
    assert spanish(english).lower().startswith(told.lower())
    assert in_language(english, "en") == english


def test_details_of_the_audit_log_are_what_the_program_writes() -> None:
    assert {*AUDITED} >= ACTIONS
    units = {f"{unit} {{}}" for unit in get_args(PageUnit)}
    written = said() | units | {*get_args(Progress), *get_args(What)}
    assert not sorted(DETAILS.keys() - written)
    assert [detail_in_spanish(text) for text in ("page 3", "2 files", "ana")] == ["página 3", "2 archivos", "ana"]


@pytest.mark.parametrize(
    "text", ["Value error, " * 60 + "x", "; ".join(["Value error, " * 5 + "x"] * 12), "x; " * 300, "ñ" * 10**6]
)
def test_what_people_send_within_a_sentence_costs_little(text: str) -> None:
    """However long it is, and whatever sentences it pretends to be."""
    _translated.cache_clear()
    spanish(f"There is no route {text}.")
    spanish(text)
    assert _translated.cache_info().misses < 400
