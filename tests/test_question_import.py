"""SQuAD files and tables become question sets; every bad row is told with a sentence, and no row is lost."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from eval.question_checks import check_questions
from eval.question_import import Imported, Options, import_questions, write_passages
from eval.questions import Question, Reference
from ingest.errors import ConfigError

CONTEXT = "\ufeffLa sede está en Vic. Abrió en 1998 con 40 personas. En 2010 eran 120. La sede de Olot abrió en 2010."
ASKED: dict[str, Any] = {
    "id": "q1", "question": " ¿Cuándo abrió la sede de Vic? ", "answers": [{"text": "1998", "answer_start": 32}],
}  # fmt: skip


def squad(*asked: Any, **changes: Any) -> dict[str, Any]:
    """A file with one paragraph."""
    paragraph = {"context": CONTEXT, "qas": list(asked)} | changes
    return {"version": "1.1", "data": [{"title": "Sedes de España", "paragraphs": [paragraph]}]}


def imported(path: Path, content: Any, **options: Any) -> Imported:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return import_questions(path, Options(**options))


def refused(path: Path, content: Any, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        imported(path, content, **options)
    return caught.value.message


def rejected(found: Imported) -> list[tuple[str, str]]:
    return [(row.place, row.reason) for row in found.rejected]


# SQuAD


def test_a_squad_question_keeps_its_answer_and_quotes_the_sentence_around_it(tmp_path: Path) -> None:
    found = imported(tmp_path / "squad.json", squad(ASKED), tags=("prueba",))
    assert list(found.questions.values()) == [
        Question(
            id="q1", question="¿Cuándo abrió la sede de Vic?", language="es", answerable=True, reference="1998",
            facts=(("1998",),), tags=("squad", "prueba"),
            sources=(Reference(document="001-sedes-de-espana/001.txt", quote="Abrió en 1998 con 40 personas."),),
        )
    ]  # fmt: skip
    assert found.rejected == [] and [passage.name for passage in found.passages] == ["001-sedes-de-espana/001.txt"]


def test_the_answer_meant_is_the_one_that_begins_nearest_to_where_the_file_says(tmp_path: Path) -> None:
    late = ASKED | {"answers": [{"text": "2010", "answer_start": 100}]}
    (question,) = imported(tmp_path / "squad.json", squad(late)).questions.values()
    assert question.sources[0].quote == "La sede de Olot abrió en 2010."


def test_several_answers_are_one_fact_and_the_commonest_is_the_reference(tmp_path: Path) -> None:
    answers = [{"text": text, "answer_start": 0} for text in ("40", "40 personas", "40 personas", "40 PERSONAS")]
    (question,) = imported(tmp_path / "squad.json", squad(ASKED | {"answers": answers})).questions.values()
    assert question.reference == "40 personas" and question.facts == (("40", "40 personas"),)


def test_an_impossible_question_of_version_2_is_unanswerable(tmp_path: Path) -> None:
    impossible = {"id": 7, "question": "¿Quién la fundó?", "is_impossible": True, "answers": [], "plausible_answers": []}
    (question,) = imported(tmp_path / "squad.json", squad(impossible)).questions.values()
    assert (question.id, question.answerable, question.reference, question.sources) == ("7", False, None, ())
    assert question.tags == ("squad", "unanswerable")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"id": "x", "question": " ", "answers": []}, "Its question is empty: write it, or take it out."),
        ({"question": "¿Qué?"}, "Its id is wrong (Field required): correct it."),
        ({"id": "x"}, "Its question is wrong (Field required): correct it."),
        ("¿Qué?", "It is wrong (Input should be a valid dictionary"),
        (ASKED | {"answers": []}, "It has no answer and does not say is_impossible: add either."),
        (
            ASKED | {"answers": [{"text": "1999"}]},
            "Its answer “1999” is not in the paragraph: correct the answer or the paragraph.",
        ),
        (ASKED | {"answers": [{"texto": "x"}]}, "Its answers.0.text is wrong (Field required): correct it."),
    ],
)
def test_a_bad_squad_question_is_told_and_the_others_stay(tmp_path: Path, asked: Any, told: str) -> None:
    found = imported(tmp_path / "squad.json", squad(ASKED | {"id": "good"}, asked))
    assert list(found.questions) == ["good"]
    ((place, reason),) = rejected(found)
    assert place == "article 1, paragraph 1, question 2" and reason.startswith(told)


def test_the_second_of_an_id_is_told(tmp_path: Path) -> None:
    found = imported(tmp_path / "squad.json", squad(ASKED, ASKED | {"question": "¿Otra?"}))
    assert len(found.questions) == 1
    assert rejected(found) == [
        ("article 1, paragraph 1, question 2", "The id 'q1' is another question's: give each question one of its own.")
    ]


def test_articles_and_paragraphs_without_content_are_told(tmp_path: Path) -> None:
    content = squad(ASKED)
    content["data"] += [{"title": "x"}, {"paragraphs": [{"context": " ", "qas": []}, {"qas": []}, 3]}]
    assert [place for place, _ in rejected(imported(tmp_path / "squad.json", content))] == [
        "article 2", "article 3, paragraph 1", "article 3, paragraph 2", "article 3, paragraph 3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"data": []}', '{"data": {}}', "[" * 100_000, '{"data": [{"title": "\\ud800"}]}']
)
def test_what_is_no_squad_file_is_refused(tmp_path: Path, content: str) -> None:
    told = refused(tmp_path / "squad.json", content)
    assert told.startswith("squad.json ") and told.endswith(": give a file in SQuAD's format, version 1 or 2.")


def test_the_paragraphs_are_written_to_be_ingested(tmp_path: Path) -> None:
    found = imported(tmp_path / "squad.json", squad(ASKED))
    assert write_passages(tmp_path / "documents", found) == write_passages(tmp_path / "documents", found) == 1
    text = (tmp_path / "documents" / "001-sedes-de-espana" / "001.txt").read_text(encoding="utf-8")
    assert text == CONTEXT.removeprefix("\ufeff")
    other = imported(tmp_path / "squad.json", squad(ASKED, context=f"{CONTEXT} Y más."))
    with pytest.raises(ConfigError, match="is there with another text: choose an empty folder"):
        write_passages(tmp_path / "documents", other)


# Tables

TABLE = (
    "Id;Pregunta;Idioma;Respondible;Respuesta;Documento;Página;Cita;Hechos;Etiquetas\n"
    "v1;¿Cuántos días hay?;español;Sí;25 días;a.pdf;2;25 días al año;25 | veinticinco; \n"
    'v2;"¿Quién\npaga; cuándo?";;no;;;;;;near-miss\n'
)


def test_a_spanish_table_from_a_spreadsheet_program_is_read(tmp_path: Path) -> None:
    found = imported(tmp_path / "preguntas.csv", TABLE.encode("cp1252"), tags=("rrhh",))
    assert found.rejected == []
    assert list(found.questions.values()) == [
        Question(
            id="v1", question="¿Cuántos días hay?", language="es", answerable=True, reference="25 días", tags=("rrhh",),
            facts=(("25", "veinticinco"),), sources=(Reference(document="a.pdf", page=2, quote="25 días al año"),),
        ),
        Question(
            id="v2", question="¿Quién\npaga; cuándo?", language="es", answerable=False, tags=("near-miss", "rrhh"),
        ),
    ]  # fmt: skip


def test_an_imported_table_has_no_errors(tmp_path: Path) -> None:
    assert check_questions(list(imported(tmp_path / "preguntas.csv", TABLE).questions.values())) == []


def test_ids_are_made_from_the_row_where_there_are_none(tmp_path: Path) -> None:
    found = imported(tmp_path / "faq.tsv", "question\tanswer\nWhere is it?\tHere\n\t\nWho is it?\tShe\n", language="en")
    assert {id: question.reference for id, question in found.questions.items()} == {"faq-002": "Here", "faq-004": "She"}


def test_rows_that_repeat_a_question_add_their_source(tmp_path: Path) -> None:
    rows = "id,question,reference,document\na,Where?,Here,1.pdf\na,Where?,Here,2.pdf\na,Where?,There,3.pdf\na,Where?,Here,\n"
    found = imported(tmp_path / "faq.csv", rows)
    assert [source.document for source in found.questions["a"].sources] == ["1.pdf", "2.pdf"]
    assert [place for place, _ in rejected(found)] == ["row 4", "row 5"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (",,,,,,x", "It has no question: write it, or clear the row."),
        (
            "Where?,,,,,,",
            "It says neither what the answer is nor that there is none: fill “reference”, or write no in “answerable”.",
        ),
        ("Where?,perhaps,,,,,", "'perhaps' in the column answerable is neither yes nor no: write one of them."),
        ("Where?,no,english!,,,,", "'english!' is no language: write two letters, like es or en."),
        ("Where?,yes,en,1.pdf,two,,Here", "'two' is no page: write a number from 1, or leave it empty."),
        ("Where?,yes,en,1.pdf,0,,Here", "'0' is no page: write a number from 1, or leave it empty."),
        ("Where?,yes,en,,2,,Here", "It has a page or a quote and no document: name the document."),
        ("Where?,yes,en,,,both,Here", "'both' is no split: write calibration or report, or leave it empty."),
        (
            "Where, who?,yes,en,,,,Here",
            "It has 8 cells and there are 7 columns: put texts with the separator in quotation marks.",
        ),
    ],
)
def test_a_bad_row_is_told_and_the_others_stay(tmp_path: Path, row: str, told: str) -> None:
    text = f"question,answerable,language,document,page,split,reference\nWho?,no,,,,,\n{row}\nWhat?,yes,,,,,That\n"
    found = imported(tmp_path / "faq.csv", text)
    assert [question.question for question in found.questions.values()] == ["Who?", "What?"]
    assert rejected(found) == [("row 3", told)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b" \n", "faq.csv is empty: give a file with questions."),
        (b";;\n;;\n", "faq has no row with text: write the names of the columns in the first row."),
        (b"\x00\x01\x02\x03" * 50, "faq is not text: save it as CSV in UTF-8, or as XLSX."),
        (b"reference,page\nx,1\n", "faq has no column “question”: name the columns in the first row; there are id, question,"),
        (
            b"question,colour\nx,red\n",
            "faq has a column 'colour' that is unknown: rename it or take it out; there are id, question,",
        ),
        (b"question,answer,reference\nx,a,b\n", "faq has two columns for reference: take one of them out."),
        (b'question,answer\n"x,a\n', "faq is broken at line 2 (unexpected end of data): check the quotation marks there."),
    ],
)
def test_a_table_that_cant_be_read_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    assert refused(tmp_path / "faq.csv", content).startswith(told)


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path.read_bytes()


HEAD = ["question", "reference", "answerable", "page", "document"]


def test_a_workbook_is_read_as_it_shows_its_cells(tmp_path: Path) -> None:
    rows: list[list[Any]] = [HEAD, ["When?", date(2026, 3, 31), True, 3.0, "a.pdf"], [], ["Who?", None, False, None, None]]
    data = workbook(tmp_path / "book.xlsx", {"Questions": rows, "Empty": []})
    first, second = imported(tmp_path / "faq.xlsx", data).questions.values()
    assert (first.id, first.reference, first.sources) == ("faq-002", "2026-03-31", (Reference(document="a.pdf", page=3),))
    assert (second.id, second.answerable) == ("faq-004", False)


def test_formulas_without_a_value_and_error_values_are_told(tmp_path: Path) -> None:
    rows: list[list[Any]] = [HEAD[:2], ["When?", "=TODAY()"], ["Where?", "#N/A"], ["=A1", None], ["Who?", "She"]]
    found = imported(tmp_path / "faq.xlsx", workbook(tmp_path / "book.xlsx", {"Questions": rows}))
    assert [question.question for question in found.questions.values()] == ["Who?"]
    assert rejected(found) == [
        ("row 2", "Cell B2 is a formula without a stored value: write what it should show."),
        ("row 3", "Cell B3 shows #N/A: correct it."),
        ("row 4", "Cell A4 is a formula without a stored value: write what it should show."),
    ]


def test_one_of_several_sheets_must_be_named(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["question", "reference"], ["Who?", "She"]]
    data = workbook(tmp_path / "book.xlsx", {"A": rows, "B": rows, "C": []})
    assert refused(tmp_path / "faq.xlsx", data).startswith("faq.xlsx has several sheets (A, B): name one with --sheet,")
    assert refused(tmp_path / "faq.xlsx", data, sheet="C") == "faq.xlsx has no sheet 'C' with cells in it: there are A, B."
    assert len(imported(tmp_path / "faq.xlsx", data, sheet="B").questions) == 1


def test_a_small_workbook_that_claims_billions_of_cells_is_read_as_it_stands(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["question", "reference"], ["Who?", "She"]):
        sheet.append(row)
    sheet["XFD9999"] = "far"
    sheet.merge_cells("A5:B6")
    book.save(tmp_path / "book.xlsx")
    data = with_part(
        tmp_path / "book.xlsx", "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'ref="A5:B6"', b'ref="A5:XFD1048576"')
    )
    found = imported(tmp_path / "faq.xlsx", data)
    assert [question.question for question in found.questions.values()] == ["Who?"]
    assert [place for place, _ in rejected(found)] == ["row 9999"]


def with_part(path: Path, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one of its parts changed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for part in archive.namelist():
            made.writestr(part, change(archive.read(part)) if part == name else archive.read(part))
    return packed.getvalue()


def test_a_table_of_endless_rows_is_refused(tmp_path: Path) -> None:
    told = refused(tmp_path / "faq.csv", b"question,reference\n" + b"Who?,She\n" * 100_001)
    assert told == "faq has more than 100,000 rows: divide it."


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "faq.xlsx", b"PK nothing").startswith("faq.xlsx can't be opened as a workbook (")


def test_files_that_cant_be_read_or_have_another_ending_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "faq.docx", b"x") == (
        "faq.docx has an ending that can't be imported: give a file that ends in .json, .csv, .tsv or .xlsx."
    )
    assert refused(tmp_path / "faq.csv", "question\n", language="english") == (
        "'english' is no language: write two small letters, like es or en."
    )
    with pytest.raises(ConfigError, match="can't be read"):
        import_questions(tmp_path / "none.csv", Options())
