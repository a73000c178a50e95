"""Tables for a small model: ranges, columns that compete, cells by name."""

import math

import pytest

from assistant.tables import range_of, readable, row_of_figure

ALLOWANCES = "| Concepto | España | Portugal | Nota |\n|---|---|---|---|"
ROWS = ["| Dieta completa | 53,00 euros | 50,00 euros | con pernocta |"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("De 10 a 19 años", (10, 19)),
        ("Entre 3.000 y 15.000 euros", (3000, 15000)),
        ("10–19", (10, 19)),
        ("From 5 to 9 days", (5, 9)),
        ("Hasta 3.000 €", (-math.inf, 3000)),
        ("150.000 o más", (150_000, math.inf)),
        ("20 years or more", (20, math.inf)),
        ("≥ 5", (5, math.inf)),
    ],
)
def test_a_range_is_read_in_both_languages(cell: str, expected: tuple[float, float]) -> None:
    assert range_of(cell) == expected


@pytest.mark.parametrize(("cell", "outside", "inside"), [("Menos de 10.000", 10_000, 9_999), ("Over 500", 500, 501)])
def test_an_open_end_leaves_its_figure_out(cell: str, outside: float, inside: float) -> None:
    found = range_of(cell)
    assert found and found[0] <= inside <= found[1] and not found[0] <= outside <= found[1]


@pytest.mark.parametrize("cell", ["2026-01-05", "1,5 %", "G20", "Madrid y Barcelona", ""])
def test_other_cells_are_no_ranges(cell: str) -> None:
    assert range_of(cell) is None


DISCOUNTS = ["| Menos de 10.000 | 18 |", "| De 10.000 a 49.999 | 24 |", "| De 50.000 a 149.999 | 29 |"]
SENIORITY = ["| De 10 a 19 años | 2 |", "| De 20 a 29 años | 4 |"]


@pytest.mark.parametrize(
    ("question", "rows", "row"),
    [
        ("¿Qué descuento tiene quien compra 60.000 euros?", DISCOUNTS, 2),
        ("What discount for 9,500 euros?", DISCOUNTS, 0),
        ("Llevo doce años, ¿cuántos días más tengo?", SENIORITY, 0),
        (
            "¿Quién aprueba un gasto de 800 euros?",
            ["| Hasta 500 | jefe |", "| Hasta 1.000 | director |", "| Hasta 5.000 | comité |"],
            1,
        ),
        ("¿Qué descuento hay en 2026?", DISCOUNTS, None),
        ("¿Qué descuento hay para 5.000 euros y para 20.000 euros?", DISCOUNTS, None),
        ("¿Qué descuento hay?", DISCOUNTS, None),
        ("¿Qué dice el artículo 12 sobre las vacaciones?", SENIORITY, None),
        ("¿Cuánto cuestan 60 unidades?", ["| Tornillo | 2 |", "| Tuerca | 3 |"], None),
    ],
)
def test_the_row_whose_range_holds_the_figure(question: str, rows: list[str], row: int | None) -> None:
    assert row_of_figure(question, "| Compra anual (euros) o años | |\n|---|---|", rows) == row


def test_columns_that_compete_with_the_one_asked_for_are_left_out() -> None:
    text = readable("¿Cuánto es la dieta completa en España?", ALLOWANCES, ROWS)
    assert text == "Concepto: Dieta completa; España: 53,00 euros; Nota: con pernocta"


@pytest.mark.parametrize("question", ["¿Cuánto es la dieta completa?", "¿La dieta es mayor en España o en Portugal?"])
def test_no_column_is_left_out_when_none_or_all_are_asked_for(question: str) -> None:
    text = readable(question, ALLOWANCES, ROWS)
    assert "España: 53,00 euros; Portugal: 50,00 euros" in text


def test_many_rows_stay_a_table() -> None:
    rows = [f"| {n} | 1 | 2 | |" for n in range(6)]
    assert readable("¿España?", ALLOWANCES, rows) == "\n".join([ALLOWANCES, *rows])
