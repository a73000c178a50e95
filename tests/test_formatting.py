"""Answers without their marks."""

from __future__ import annotations

import pytest

from eval.formatting import unformatted


@pytest.mark.parametrize(
    ("formatted", "plain"),
    [
        ("**Son 25 días** [1].", "Son 25 días [1]."),
        ("## Título\n\nTexto *fino* y `código`.", "Título\n\nTexto fino y código."),
        ("* uno\n* dos\n", "- uno\n- dos"),
        ("3. tres\n7. siete", "3. tres\n7. siete"),
        ("- uno\n  - dentro", "- uno\n  - dentro"),
        ("|a|b|\n|-|-|\n|1|2|", "a | b\n1 | 2"),
        ("```python\nif a:\n    b()\n```", "if a:\n    b()"),
        ("[1]: así dice el texto", "[1]: así dice el texto"),
        ("Véase [la guía](http://x/y) y 5 * 3 * 2 en snake_case_x", "Véase la guía y 5 * 3 * 2 en snake_case_x"),
        ("uno\ndos", "uno dos"),
        ("<b>negrita</b>", "<b>negrita</b>"),
        ("> cita\n\n---\n\nfin", "cita\n\nfin"),
        ("", ""),
    ],
)
def test_marks_go_and_words_stay(formatted: str, plain: str) -> None:
    assert unformatted(formatted) == plain


def test_two_formats_of_one_text_read_the_same() -> None:
    assert unformatted("# Plazo\n\n* **Cuatro** horas [1]") == unformatted("Plazo\n\n- Cuatro horas [1]")
