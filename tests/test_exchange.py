"""What comes of one question asked over the HTTP API, from the lines that the real API writes."""

from __future__ import annotations

from assistant.types import Answer, AnswerEvent, Citation, Event, Source, StatusEvent, Timings, TokenEvent, Usage
from assistant.wire import event_to_json
from eval.exchange import CUT_OFF, FALLBACK, Exchange, chat_body
from eval.questions import Question
from ui.errors import body_of, from_code
from ui.openai_format import Chunk, ChunkChoice, Delta

READING = StatusEvent("reading", passages=1)


def line(event: Event) -> str:
    return Chunk(id="1", model="b", midas=event_to_json(event), choices=[ChunkChoice(delta=Delta())]).line().strip()


def answer(**facts: object) -> AnswerEvent:
    source = Source(1, "d/1/0", "d", "1", "a.txt", "A", None, None, (), None, "t", "t", 0.5)
    told = {"citations": (Citation(1, 0, 5, "t", False),), "sources": (source,), "backend": "b", **facts}
    usage, timings = Usage(9, 4, 0, "server", check_tokens=1), Timings(ttft_ms=1000)
    return AnswerEvent(Answer("Hola [1]", "¿?", "es", usage=usage, timings=timings, **told))  # type: ignore[arg-type]


def asked(*lines: tuple[float, str], backend: str | None = "b", began: float | None = None) -> Exchange:
    """An exchange that began at 10 s and got each line at its second."""
    now = 10.0
    exchange = Exchange("q", backend, began, clock=lambda: now)
    for second, text in lines:
        now = second
        exchange.line(text)
    return exchange


def whole(**facts: object) -> tuple[tuple[float, str], ...]:
    tokens = ((13.0, line(TokenEvent("Ho"))), (14.0, line(TokenEvent("la"))))
    return (11.0, line(READING)), (11.5, ""), *tokens, (15.0, line(answer(**facts))), (15.5, "data: [DONE]")


def test_a_whole_answer() -> None:
    sample = asked(*whole()).sample(origin=4.0)
    assert (sample.cause, sample.status, sample.text, sample.passages) == (None, "ok", "Hola [1]", ("d/1/0",))
    assert (sample.began_s, sample.ended_s, sample.first_shown_ms) == (6, 11.5, 3000)
    assert (sample.speed.ttft_ms, sample.speed.tpot_ms, sample.speed.total_ms) == (1000, 1000, 5000)
    assert (sample.tokens, sample.counted_by) == (3, "server")


def test_a_question_that_was_asked_late_counts_from_when_it_was_due() -> None:
    sample = asked(*whole(), began=8.0).sample(origin=8.0)
    assert (sample.began_s, sample.first_shown_ms, sample.speed.total_ms) == (0, 5000, 7000)


def test_a_declined_answer_is_whole() -> None:
    sample = asked(*whole(declined=True)).sample()
    assert (sample.cause, sample.status) == (None, "declined")


def test_a_stream_without_its_end_was_cut_off() -> None:
    for lines in (whole()[:-1], whole()[:3], ()):
        assert (asked(*lines).sample().cause, asked(*lines).sample().status) == (CUT_OFF, "error")


def test_an_error_in_the_stream_keeps_its_name_and_sentence() -> None:
    error = body_of(from_code("store_error", "The disk is full.")).model_dump_json()
    sample = asked((11.0, line(READING)), (12.0, f"data: {error}"), (12.0, "data: [DONE]")).sample()
    assert (sample.cause, sample.detail, sample.status) == ("store_error", "The disk is full.", "error")


def test_a_refusal_is_told_by_its_code_or_its_status() -> None:
    known, unknown = asked(), asked()
    known.refused(404, '{"error": {"message": "No such model.", "code": "model_not_found"}}')
    unknown.refused(502, "<html>Bad gateway</html>")
    assert (known.sample().cause, known.sample().detail) == ("model_not_found", "No such model.")
    assert (unknown.sample().cause, unknown.sample().detail) == ("http_502", "<html>Bad gateway</html>")


def test_an_answer_of_a_fallback_is_not_the_back_ends() -> None:
    sample = asked(*whole(backend="other", notices=("b is down.",))).sample()
    assert (sample.cause, sample.detail, sample.status) == (FALLBACK, "b is down.", "error")
    assert asked(*whole(backend="other"), backend=None).sample().cause is None


def test_the_request() -> None:
    question = Question(id="q", question="¿Y dos?", language="es", answerable=True, history=({"role": "user", "text": "Uno"},))  # type: ignore[arg-type]
    assert chat_body(question, "b", ("d",)) == {
        "messages": [{"role": "user", "content": "Uno"}, {"role": "user", "content": "¿Y dos?"}],
        "stream": True,
        "model": "b",
        "collections": ("d",),
    }
    assert chat_body(question, None, ()).keys() == {"messages", "stream"}
