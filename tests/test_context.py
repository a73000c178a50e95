"""Evidence selection: what bears on the question, within the budget, never cut."""

import pytest

from assistant.context import GAP, newest_versions, select_evidence
from assistant.retriever import RetrievedChunk
from tests.building import make_hit

PROSE = (
    "La política se revisa cada año. El desayuno se paga aparte. La dieta completa en España es de 53,34 euros por día. "
    "Los billetes se compran con la agencia. El seguro cubre a toda la plantilla. Los taxis piden recibo. "
    "Las maletas perdidas se comunican en 24 horas."
)
HEADER = "| País | Dieta |\n|---|---|\n"
ROWS = "| España | 53,34 |\n| Portugal | 48,00 |\n| Francia | 66,10 |"


def words(text: str) -> int:
    return len(text.split())


def test_the_sentence_that_bears_on_the_question_is_chosen_and_others_are_not() -> None:
    [source] = select_evidence("¿Cuánto es la dieta completa en España?", [make_hit(PROSE)], 40, words)
    assert "La dieta completa en España es de 53,34 euros por día." in source.units
    assert "maletas" not in source.text


def test_the_budget_holds_with_labels_and_nothing_is_cut() -> None:
    hits = [make_hit(PROSE, source=f"{n}.md", score=1 - n / 10) for n in range(5)]
    for budget in (10, 30, 60, 120):
        evidence = select_evidence("¿Cuánto es la dieta completa en España y el seguro?", hits, budget, words)
        assert sum(words(item.prompt_text) for item in evidence) <= budget
        assert all(unit in PROSE for item in evidence for unit in item.units)


def test_only_the_row_asked_for_is_shown_with_its_columns() -> None:
    hit = make_hit(ROWS, prefix=HEADER, kind="table")
    [source] = select_evidence("¿Qué dieta hay en Portugal?", [hit], 60, words)
    assert source.text == "País: Portugal; Dieta: 48,00"
    assert source.units == ("| Portugal | 48,00 |",)


def test_a_table_that_is_asked_for_as_a_whole_keeps_its_header() -> None:
    many = "\n".join(f"| País {number} | {number},00 |" for number in range(6))
    [source] = select_evidence("¿Qué dietas hay por país?", [make_hit(many, prefix=HEADER, kind="table")], 90, words)
    assert source.text == HEADER + many


def test_sentences_apart_are_joined_by_a_gap_mark() -> None:
    [source] = select_evidence("¿dieta completa España, maletas perdidas?", [make_hit(PROSE)], 60, words)
    assert GAP in source.text


def test_sources_are_numbered_in_the_order_of_their_passages() -> None:
    hits = [
        make_hit("La dieta es de 50 euros.", source="a", score=1.0),
        make_hit("La dieta era de 40 euros.", source="b", score=0.8),
    ]
    evidence = select_evidence("¿Cuánto es la dieta?", hits, 100, words)
    assert [(item.number, item.hit.stored.source) for item in evidence] == [(1, "a"), (2, "b")]


def test_the_label_names_document_date_and_section_once() -> None:
    hit = make_hit("La dieta es de 50 euros.", date="2026-01-15", headings=("Política de viajes", "Dietas"))
    [source] = select_evidence("¿Cuánto es la dieta?", [hit], 100, words)
    assert source.label == "Política de viajes (2026-01-15) › Dietas"


def versions() -> list[RetrievedChunk]:
    old = make_hit("El kilómetro se paga a 0,22 euros.", source="old", title="Política de viajes 2024", date="2024-01-15")
    new = make_hit("El kilómetro se paga a 0,26 euros.", source="new", title="Política de viajes 2026", date="2026-01-20")
    return [old, new]


@pytest.mark.parametrize("question", ["¿A cuánto se paga el kilómetro?", "¿A cuánto se paga el kilómetro en 2026?"])
def test_a_newer_version_of_a_document_replaces_the_older_one(question: str) -> None:
    assert [hit.stored.source for hit in newest_versions(question, versions())] == ["new"]


@pytest.mark.parametrize("question", ["¿A cuánto se pagaba el kilómetro en 2024?", "¿A cuánto se pagaba antes el kilómetro?"])
def test_the_older_version_is_there_for_who_asks_for_it(question: str) -> None:
    assert "old" in [hit.stored.source for hit in newest_versions(question, versions())]


def test_documents_without_a_date_or_with_another_title_stay() -> None:
    hits = [*versions()[1:], make_hit("A", title="Política de viajes"), make_hit("B", title="Manual", date="2020-01-01")]
    assert newest_versions("¿Qué?", hits) == hits


def test_no_hits_no_evidence() -> None:
    assert select_evidence("¿Qué?", [], 100, words) == []


def test_a_passage_in_another_language_is_not_left_out_for_its_words() -> None:
    spanish = make_hit("El kilometraje se paga a 0,26 euros por kilómetro.", source="a", score=1.0)
    english = make_hit("The car park of the headquarters is free for cars.", source="b", score=0.7, language="en")
    texts = [item.text for item in select_evidence("What is the rate for using my own car?", [spanish, english], 60, words)]
    assert spanish.stored.chunk.text in texts


def test_the_row_of_a_figure_is_shown_alone() -> None:
    rows = "| De 10.000 a 49.999 | 24 |\n| De 50.000 a 149.999 | 29 |"
    hit = make_hit(rows, prefix="| Compra (euros) | Descuento |\n|---|---|\n", kind="table")
    [source] = select_evidence("¿Qué descuento tiene quien compra 60.000 euros al año?", [hit], 60, words)
    assert source.text == "Compra (euros): De 50.000 a 149.999; Descuento: 29"
