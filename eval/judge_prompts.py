"""What a judge is asked: Ragas's own prompts in English, and reviewed translations of them, kept as files with known hashes.

`eval/prompts/judge/<language>.<prompt>.json` holds the translation of one prompt with the SHA-256 of the English original that
it was made from; `SHA256SUMS` holds the hashes of the files as they were reviewed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, JsonValue

if TYPE_CHECKING:
    from ragas.prompt.metrics.base_prompt import BasePrompt

FOLDER = Path(__file__).parent / "prompts" / "judge"
_FRAME = "frame"
_RULE = "\n-----------------------------\n"
"""What Ragas writes between the part of a prompt that is always the same and the case at hand."""
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class PromptText(str):
    """A prompt as Ragas passes it on. `fixed` is the part that is the same for every case, so that a server reads it once;
    `case` is the rest. `statements` is how many verdicts it asks for, None where the judge decides."""

    fixed: str
    case: str
    statements: int | None

    def __new__(cls, fixed: str, case: str, statements: int | None) -> PromptText:
        text = super().__new__(cls, fixed + _RULE + case)
        text.fixed, text.case, text.statements = fixed, case, statements
        return text


class Frame(BaseModel):
    """What stands around instruction, schema, examples and case, in one language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: str
    quotes: str
    examples: str
    example: str
    input: str
    output: str
    task: str


class Example(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    input: dict[str, JsonValue]
    output: dict[str, JsonValue]


class Translation(BaseModel):
    """One prompt in another language. `original_sha256` is that of `original_text` when it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    original_sha256: str
    instruction: str
    examples: tuple[Example, ...]


class JudgePrompt:
    """A prompt of Ragas in the language of the question, if there is a translation; else in English."""

    def __init__(self, original: BasePrompt[Any, Any], language: str) -> None:
        self._original = original
        self._translated = _fixed(original, language) if language in languages() else None

    def to_string(self, data: BaseModel) -> PromptText:
        """The name and place where Ragas looks for the text. `data` is the case."""
        statements = getattr(data, "statements", None)
        return PromptText(*self._parts(data), len(statements) if statements else None)

    def _parts(self, data: BaseModel) -> tuple[str, str]:
        if self._translated:
            fixed, frame = self._translated
            return fixed, f"\n{frame.task}\n{frame.input} {_json(data)}\n{frame.output} "
        fixed, _, case = self._original.to_string(data).partition(_RULE)
        return fixed, case


@cache
def languages() -> tuple[str, ...]:
    """Those with translations, by their code."""
    return tuple(sorted(path.name.split(".")[0] for path in FOLDER.glob(f"*.{_FRAME}.json")))


def prompts_sha256() -> str:
    """Of all translations: verdicts under other prompts are those of another judge."""
    return hashlib.sha256(checksums().encode()).hexdigest()


def checksums() -> str:
    """A line for each file, as `sha256sum` writes it."""
    paths = sorted(FOLDER.glob("*.json"))
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths)


def translation(original: BasePrompt[Any, Any], language: str) -> Translation:
    """The translation of a prompt of Ragas."""
    return Translation.model_validate_json(_read(language, prompt_name(original)))


def prompt_name(original: BasePrompt[Any, Any]) -> str:
    """`NLIStatementPrompt` is `nli_statement`."""
    return _WORD.sub("_", type(original).__name__.removesuffix("Prompt")).lower()


def original_text(original: BasePrompt[Any, Any], examples: Sequence[tuple[BaseModel, BaseModel]]) -> str:
    """What a translation is made from."""
    told = [f"{given.model_dump_json()}\n{answer.model_dump_json()}" for given, answer in examples]
    return "\n".join([original.instruction, *told])


def _fixed(original: BasePrompt[Any, Any], language: str) -> tuple[str, Frame]:
    frame, translated = Frame.model_validate_json(_read(language, _FRAME)), translation(original, language)
    schema = json.dumps(original.output_model.model_json_schema())
    text = f"{translated.instruction}\n{frame.schema_}\n{schema}\n{frame.quotes}\n\n{frame.examples}\n"
    return text + "\n\n".join(_examples(frame, original, translated.examples)) + "\n", frame


def _examples(frame: Frame, original: BasePrompt[Any, Any], examples: Iterable[Example]) -> Iterable[str]:
    for number, example in enumerate(examples, 1):
        given = original.input_model.model_validate(example.input)
        answer = original.output_model.model_validate(example.output)
        yield f"{frame.example} {number}\n{frame.input} {_json(given)}\n{frame.output} {_json(answer)}"


def _json(data: BaseModel) -> str:
    return data.model_dump_json(indent=4)


def _read(language: str, name: str) -> str:
    return (FOLDER / f"{language}.{name}.json").read_text(encoding="utf-8")
