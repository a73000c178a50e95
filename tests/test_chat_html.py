"""What the chat shows, as HTML: nothing of a document, a question or an answer becomes markup of the page."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from assistant.markup import Doubt, markdown, passage_html
from assistant.types import Answer, Citation, GroundedSentence, Source
from ingest.collection import CollectionInfo
from ui.document_views import SourceView
from ui.memory.conversation import REASONS, Turn, TurnState
from ui.views import BackendView
from ui.web.chat_routes import Draft
from ui.web.chat_texts import ENGLISH, SPANISH
from ui.web.choices import collections_menu, models_menu, pace_text, welcome
from ui.web.render import Reader, clipboard, day, transcript, turn_html, why_text
from ui.web.source import source_html

HOSTILE = '<img src=x onerror="alert(1)"> ${alert(1)}'
SOURCE = Source(1, "c/d/1/0", "c", "d", "<d>.md", "<t>", 2, "page", ("H",), "2024-05-01", "x", "uno x dos", 0.5)


def turn(answer: Answer | None = None, state: TurnState = "done", **changes: object) -> Turn:
    kept = Turn(
        id="t1", conversation="c1", question="¿Sí?", state=state, text="", answer=answer, error=None, collections=None,
        searched=(), backend=None, language="es", asked_at="2026-11-21T10:00:00+00:00", finished_at=None,
    )  # fmt: skip
    return replace(kept, **changes)  # type: ignore[arg-type]


def collection(**changes: object) -> CollectionInfo:
    info = CollectionInfo(
        id=1, name="c", generation=1, embedder="e", dimension=4, chunk_tokens=100, documents=1, chunks=1,
        created_at="2026-11-21", private=False,
    )  # fmt: skip
    return replace(info, **changes)  # type: ignore[arg-type]


def _fields(text: str) -> list[str]:
    return sorted(part.split("}")[0] for part in text.split("{")[1:])


def test_both_languages_have_every_text() -> None:
    spanish, english = asdict(SPANISH), asdict(ENGLISH)
    for name, text in spanish.items():
        other = english[name]
        if isinstance(text, dict):
            assert list(text) == list(other) and all(text.values()) and all(other.values())
            assert [_fields(each) for each in text.values()] == [_fields(each) for each in other.values()]
        else:
            assert text and other and _fields(text) == _fields(other), name


def test_every_reason_of_a_vote_has_its_words() -> None:
    assert tuple(SPANISH.reasons) == REASONS


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "![x](http://evil.example/x.png)",
        "[here](javascript:alert(1))",
        "<http://evil.example>",
        "[1]: http://evil.example\n\n[1]",
        '```"><img src=x>\ncode\n```',
        "&lt;b&gt; <b>",
        "<div>\nblock\n</div>",
    ],
)
def test_answers_cannot_bring_markup_links_or_images(text: str) -> None:
    html = markdown(text, {1: ('x"y', '"><img src=x>')}, [Doubt(0, len(text), "weak", '"><img src=x>')])
    for forbidden in ("<script", "<img", "<a ", "href", 'src="', "<div", "<b>"):
        assert forbidden not in html.replace("&lt;", "").replace("&quot;", "")


def test_only_known_numbers_become_buttons() -> None:
    html = markdown("Uno [1] y dos [2].", {1: ("passage-0-1", "Fuente 1")})
    assert html.count("<button") == 1 and "[2]" in html


def test_a_doubted_part_is_marked_through_emphasis_and_lists_and_says_why() -> None:
    text = "Primero.\n\n- **Dos días** libres.\n- Tres."
    html = markdown(text, {}, [Doubt(10, text.index("\n- Tres"), "weak", "por <qué>")])
    assert "<li><strong><span" in html and html.count("<li>") == 2
    assert html.count('class="doubted weak"') == 2 and "Tres" in html
    assert html.count('<button type="button" class="doubt weak" aria-label="por &lt;qué&gt;"') == 1
    assert "<span" not in markdown(text.replace("Dos", "\u2e28Dos\u2e29"))


def test_a_doubted_row_is_marked_and_the_table_stays_one() -> None:
    text = "| a | b |\n|---|---|\n| 1 | 2 |"
    rule, row = text.index("|-"), text.index("| 1")
    html = markdown(text, {}, [Doubt(rule, row - 1, "weak", "x"), Doubt(row, len(text), "weak", "y")])
    assert html.count("<tr>") == 2 and html.count("doubted") == 2 and html.count("<button") == 1
    assert '<td><span class="doubted weak">1</span></td>' in html


def test_doubts_that_do_not_fit_the_text_leave_it_as_it_is() -> None:
    text = "| a |\n|---|\n| 1 | 2 |"
    assert markdown(text, {}, [Doubt(14, len(text), "weak", "x")]) == markdown(text)


def test_a_line_behind_a_list_is_no_part_of_its_last_item() -> None:
    html = markdown("Dos:\n- a\n- b\nY esto.\nY más.")
    assert "<li>b</li>" in html and "<p>Y esto.<br />\nY más.</p>" in html


def test_a_quoted_table_row_is_marked() -> None:
    html = passage_html(
        "Dietas:\n\n| País | Dieta |\n|---|---|\n| España | 53 € |\n| Francia | 70 € |\n\nFin", ["| Francia | 70 € |"]
    )
    assert html.count('<tr class="marked">') == 1
    assert '<tr class="marked"><td>Francia</td><td>70 €</td></tr>' in html and "<th>País</th>" in html


def test_a_quote_is_marked_whatever_its_white_space() -> None:
    assert "<mark>dos\ntres</mark>" in passage_html("uno dos\ntres cuatro", ["dos  tres"])


def test_an_answer_that_is_not_grounded_or_from_a_cloud_says_so() -> None:
    doubted = GroundedSentence(0, 7, "unsupported", 0.1, "number not in the source: 30")
    answer = Answer("30 [1].", "¿Sí?", "es", (Citation(1, 0, 7, "x", False),), (SOURCE,), (doubted,), cloud=True, backend="<b>")
    html = turn_html(turn(answer), Reader(SPANISH))
    assert 'class="badge cloud"' in html and SPANISH.not_grounded in html and "&lt;b&gt;" in html
    assert "las fuentes no contienen 30." in html and "página 2 · H · 1 may 2024" in html and "<d>" not in html
    assert clipboard(answer, SPANISH).endswith("Fuentes citadas:\n[1] <d>.md, página 2 · H · 1 may 2024")


def test_what_leads_in_to_a_list_is_not_doubted() -> None:
    lead = GroundedSentence(0, 8, "unsupported", 0.1, "few of its words are in the source")
    assert "doubt" not in turn_html(turn(Answer("Son dos:", "¿?", "es", sentences=(lead,), grounded=True)), Reader(SPANISH))


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ("name not in the source: garcia", "Sin respaldo en los documentos: las fuentes no contienen «García»."),
        ("number not in the source: 31, month3", "Sin respaldo en los documentos: las fuentes no contienen 31, marzo."),
        ("number not in the source: 99999, 2d5", "Sin respaldo en los documentos: las fuentes no contienen 99.999, 2,50."),
        ("number not in the source: 7", "Sin respaldo en los documentos: compruébelo en las fuentes."),
        ("the source denies it", "Sin respaldo en los documentos: la fuente dice lo contrario."),
        ("something new", "Sin respaldo en los documentos: compruébelo en las fuentes."),
    ],
)
def test_the_why_of_a_doubt_is_told_in_the_language_of_the_page(why: str, told: str) -> None:
    written = "García libra el 31 de marzo y cobra 99.999 o 2,50 euros [31]."
    assert why_text(GroundedSentence(0, len(written), "unsupported", 0.1, why), written, SPANISH) == told


def test_a_declined_answer_names_who_to_ask() -> None:
    about = collection(description="Normas <internas>", contact="rrhh@example.org")
    answer = Answer("No.", "¿?", "es", sources=(SOURCE,), declined=True, decline_reason="weak_evidence")
    html = turn_html(turn(answer), Reader(SPANISH, [about, replace(about, name="otra", contact="nadie")]))
    assert "<dt>rrhh@example.org</dt><dd>Normas &lt;internas&gt;</dd>" in html and "nadie" not in html
    assert SPANISH.nearest in html and SPANISH.no_model in html


def test_only_the_last_turn_offers_questions_to_go_on_with() -> None:
    turns = [turn(Answer("Uno.", "¿?", "es")), turn(Answer("Dos.", "¿?", "es"), id="t2")]
    html = transcript(turns, Reader(SPANISH), ["¿Y <ahora>?"])
    assert html.count("follow-ups") == 1 and html.index("Dos.") < html.index("¿Y &lt;ahora&gt;?")


@pytest.mark.parametrize("state", ["stopped", "interrupted", "failed"])
def test_a_turn_without_an_answer_can_be_asked_again(state: TurnState) -> None:
    html = turn_html(turn(state=state, text="Empieza así", error="<roto>"), Reader(SPANISH))
    assert SPANISH.ask_again in html and "Empieza así" in html
    assert ("&lt;roto&gt;" in html) == (state == "failed") and (SPANISH.stopped in html) == (state != "failed")


def test_a_draft_sends_only_what_changed() -> None:
    draft, shown = Draft(), ""
    for piece in ("Uno **dos", "** tres.", "\n\n- a\n- b", " <b>"):
        draft.text += piece
        patch = draft.patch()
        shown = shown[: patch.keep] + patch.html
    assert shown == markdown("Uno **dos** tres.\n\n- a\n- b <b>")
    draft.text = ""
    assert draft.patch().keep == 0


def view(**changes: object) -> SourceView:
    found = SourceView(
        chunk_id="c/d/1/0", collection="c", document_id="d", document=HOSTILE, title=HOSTILE, date="2024-05-01",
        published_at="2026-11-21T10:00:00+00:00", page=3, page_end=3, pages=9, page_unit="page", headings=(HOSTILE,),
        kind="text", before=HOSTILE, passage=f"uno {HOSTILE} dos", after=HOSTILE, cut_before=True, cut_after=False,
        media_type="application/pdf", drawable=True, downloadable=True,
    )  # fmt: skip
    return replace(found, **changes)  # type: ignore[arg-type]


def test_a_source_shows_passage_and_page_and_runs_nothing() -> None:
    html = source_html(view(), 2, [HOSTILE], ENGLISH)
    assert html.count("<img") == 1 and '<img alt="">' in html and "onerror=&quot;" in html
    assert f"<mark>{'&lt;img src=x onerror=&quot;alert(1)&quot;&gt; ${alert(1)}'}</mark>" in html
    assert "page 3 of 9" in html and "dated 1 May 2024 · version of 21 Nov 2026" in html
    assert 'href="/v1/collections/c/documents/d/original"' in html and 'data-at="/v1/collections/c/documents/d/pages"' in html


def test_a_source_that_cannot_be_drawn_or_downloaded_offers_neither() -> None:
    html = source_html(view(drawable=False, downloadable=False), 1, [], SPANISH)
    assert "tablist" not in html and "original" not in html and "<img" not in html


def test_choices_and_welcome_escape_what_admins_wrote() -> None:
    about = collection(description=HOSTILE, private=True)
    for html in (collections_menu([about], SPANISH), welcome([about], [HOSTILE], SPANISH)):
        assert "<img" not in html
    assert SPANISH.no_documents in welcome([], [], SPANISH)


@pytest.mark.parametrize(("seconds", "name"), [(None, "unknown"), (0.2, "fast"), (12.4, "comfortable"), (60.0, "slow")])
def test_the_speed_of_a_model_is_the_measured_one(seconds: float | None, name: str) -> None:
    assert pace_text(seconds, ENGLISH) == ENGLISH.paces[name].format(seconds=max(1, round(seconds or 0)))


@pytest.mark.parametrize(("iso", "told"), [("2024-05-01", "1 may 2024"), ("2024-13-01", "2024-13-01"), ("mayo", "mayo")])
def test_dates_are_told_in_the_language_of_the_page(iso: str, told: str) -> None:
    assert day(iso, SPANISH) == told


def test_a_local_model_that_a_cloud_helps_out_does_not_promise_that_nothing_leaves() -> None:
    alone = BackendView("solo", "llama-cpp", "m", default=True)
    helped = BackendView("mixto", "llama-cpp", "m", default=False, fallback=("solo", "nube"))
    cloud = BackendView("nube", "openai", "m", default=False, cloud=True)
    first, second, third = models_menu([alone, helped, cloud], {}, SPANISH).split("<label ")[1:]
    assert 'data-leaves="false"' in first and SPANISH.stays in first
    assert 'data-leaves="true"' in second and "responde «nube»" in second and SPANISH.stays not in second
    assert 'data-leaves="true"' in third and SPANISH.leaves in third
