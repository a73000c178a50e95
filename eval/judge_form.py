"""The form of a judge's answer: the schema that a server is given, and what must hold even where it heeds none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

Form = TypeVar("Form", bound=BaseModel)


class WrongForm(ValueError):
    """What is wrong with an answer, as a clause whose subject is the judge."""


def strict_schema(form: type[BaseModel], statements: int | None = None) -> dict[str, Any]:
    """The JSON schema of a form, as strict as servers understand: nothing beside what is asked for, numbers 0 or 1, and with
    `statements` as many entries."""
    schema = form.model_json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        part["additionalProperties"] = False
        for field in part["properties"].values():
            field |= {"enum": [0, 1]} if field.get("type") == "integer" else {}
    lists = [field for field in schema["properties"].values() if field.get("type") == "array"]
    for field in lists if statements else ():
        field |= {"minItems": statements, "maxItems": statements}
    return schema


def read_form(text: str, form: type[Form], statements: int | None = None) -> Form:
    """The answer in a text. Raises WrongForm when there is none, when a list is empty or has not as many entries as there are
    statements, and when a number is neither 0 nor 1."""
    try:
        found = form.model_validate_json(text[text.find("{") : text.rfind("}") + 1])
    except ValidationError as error:
        raise WrongForm("gave no verdict in the form that was asked") from error
    for value in _values(found.model_dump()):
        _require_verdict(value)
    given = sum(len(value) for value in dict(found).values() if isinstance(value, list))
    if statements is not None and given != statements:
        raise WrongForm(f"judged {given} of {statements} statements")
    return found


def _require_verdict(value: object) -> None:
    if value == []:
        raise WrongForm("found no statement to judge")
    if isinstance(value, int) and value not in (0, 1):
        raise WrongForm(f"gave the verdict {value}, which is neither 0 nor 1")


def _values(found: object) -> Iterator[object]:
    """Everything in it, lists and their entries too."""
    yield found
    inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    for value in inner:
        yield from _values(value)
