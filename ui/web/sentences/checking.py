"""What pydantic says of a wrong field. English with its Spanish; `{}` is what is filled in."""

from __future__ import annotations

SENTENCES: dict[str, str] = {}

FRAGMENTS: dict[str, str] = {
    "Value error, {}": "{}",
    "Field required": "falta",
    "Extra inputs are not permitted": "no se conoce",
    "Input should be a valid string": "debe ser un texto",
    "Input should be a valid string, unable to parse raw data as a unicode string": (
        "debe ser un texto, y hay caracteres que no lo son"
    ),
    "Input should be a valid integer": "debe ser un número entero",
    "Input should be a valid integer, unable to parse string as an integer": "debe ser un número entero",
    "Input should be a valid number": "debe ser un número",
    "Input should be a valid number, unable to parse string as a number": "debe ser un número",
    "Input should be a valid boolean, unable to interpret input": "debe ser true o false",
    "Input should be a valid list": "debe ser una lista",
    "Input should be greater than {}": "debe ser mayor que {}",
    "Input should be greater than or equal to {}": "debe ser como mínimo {}",
    "Input should be less than {}": "debe ser menor que {}",
    "Input should be less than or equal to {}": "debe ser como máximo {}",
    "Input should be {}": "debe ser {}",
    "String should have at least {} character": "debe tener al menos {} carácter",
    "String should have at least {} characters": "debe tener al menos {} caracteres",
    "String should have at most {} characters": "debe tener como máximo {} caracteres",
    "List should have at least {} item after validation, not {}": "debe tener al menos {} elemento, no {}",
    "List should have at most {} items after validation, not {}": "debe tener como máximo {} elementos, no {}",
    "String should match pattern {}": "debe tener la forma {}",
}
"""What sentences are filled with, and sentences that the program puts together."""
