"""The metrics by name: what they mean, their unit, and which way is better. Reports, `diff` and `gate` know no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingest.errors import ConfigError

Group = Literal["retrieval", "answer", "citations", "abstention", "judge", "human", "speed", "resources", "cost"]
Unit = Literal["share", "ms", "tokens/s", "characters/s", "bytes", "eur", "score", "tokens"]

JARVELIN = "Järvelin and Kekäläinen 2002, Cumulated gain-based evaluation of IR techniques"
VOORHEES = "Voorhees 1999, The TREC-8 question answering track report"
MANNING = "Manning, Raghavan and Schütze 2008, Introduction to information retrieval, chapter 8"
SQUAD = "Rajpurkar et al. 2016, SQuAD; Lewis et al. 2020, MLQA"
ALCE = "Gao et al. 2023, Enabling large language models to generate text with citations (ALCE)"
VLLM = "vLLM, benchmark_serving"
RAGAS = "Es et al. 2024, RAGAS: automated evaluation of retrieval augmented generation"
RAGAS_DOCS = "Ragas 0.4.3"


@dataclass(frozen=True, slots=True)
class Metric:
    """`name` is the key in rows; `title` and `meaning` are by language (`es`, `en`). `share` and `score` lie in [0, 1], but for
    the human scores, which are 1 to 5. `source` is the paper or specification where the definition comes from."""

    name: str
    group: Group
    unit: Unit
    higher_is_better: bool
    title: dict[str, str]
    meaning: dict[str, str]
    source: str | None = None


def _metric(
    name: str,
    group: Group,
    unit: Unit,
    title: tuple[str, str],
    meaning: tuple[str, str],
    source: str | None = None,
    *,
    higher_is_better: bool = True,
) -> Metric:
    """Title and meaning in Spanish and English, in this order."""
    (title_es, title_en), (meaning_es, meaning_en) = title, meaning
    return Metric(
        name, group, unit, higher_is_better, {"es": title_es, "en": title_en}, {"es": meaning_es, "en": meaning_en}, source
    )


RETRIEVAL = (
    *(
        _metric(
            f"hit@{k}",
            "retrieval",
            "share",
            (title, f"Hit at {k}"),
            (
                f"{first_es} contiene uno de los extractos de referencia.",
                f"{first_en} found holds one of the reference quotes.",
            ),
            MANNING,
        )
        for k, title, first_es, first_en in (
            (1, "Acierto en el primero", "El primer pasaje hallado", "The first passage"),
            (3, "Acierto entre 3", "Alguno de los 3 primeros pasajes hallados", "One of the first 3 passages"),
            (5, "Acierto entre 5", "Alguno de los 5 primeros pasajes hallados", "One of the first 5 passages"),
        )
    ),
    _metric(
        "recall@5",
        "retrieval",
        "share",
        ("Exhaustividad entre 5", "Recall at 5"),
        (
            "Parte de los extractos de referencia que contienen los 5 primeros pasajes hallados.",
            "Share of the reference quotes that the first 5 passages found hold.",
        ),
        MANNING,
    ),
    _metric(
        "mrr",
        "retrieval",
        "share",
        ("Rango recíproco medio", "Mean reciprocal rank"),
        (
            "1 dividido por la posición del primer pasaje hallado que contiene un extracto de referencia; 0 si no lo hay.",
            "One over the rank of the first passage found that holds a reference quote; 0 when there is none.",
        ),
        VOORHEES,
    ),
    _metric(
        "ndcg@5",
        "retrieval",
        "share",
        ("nDCG entre 5", "nDCG at 5"),
        (
            "Lo arriba que están los extractos de referencia entre los 5 primeros pasajes, frente al mejor orden posible.",
            "How far up among the first 5 the passages with the reference quotes stand, against the best possible order.",
        ),
        JARVELIN,
    ),
    _metric(
        "page_hit@5",
        "retrieval",
        "share",
        ("Página hallada entre 5", "Page found at 5"),
        (
            "Alguno de los 5 primeros pasajes hallados está en una de las páginas de referencia.",
            "One of the first 5 passages found is on one of the reference pages.",
        ),
        MANNING,
    ),
    _metric(
        "document_hit@5",
        "retrieval",
        "share",
        ("Documento hallado entre 5", "Document found at 5"),
        (
            "Alguno de los 5 primeros pasajes hallados es de uno de los documentos de referencia.",
            "One of the first 5 passages found is of one of the reference documents.",
        ),
        MANNING,
    ),
    _metric(
        "document_recall@5",
        "retrieval",
        "share",
        ("Documentos hallados entre 5", "Documents found at 5"),
        (
            "Parte de los documentos de referencia de los que hay un pasaje entre los 5 primeros.",
            "Share of the reference documents with a passage among the first 5.",
        ),
        MANNING,
    ),
    _metric(
        "evidence_recall",
        "retrieval",
        "share",
        ("Evidencia mostrada", "Evidence shown"),
        (
            "Parte de los extractos de referencia cuyas palabras llegaron al modelo en la evidencia elegida.",
            "Share of the reference quotes whose words reached the model in the selected evidence.",
        ),
    ),
)

ANSWER = (
    _metric(
        "correct",
        "answer",
        "share",
        ("Respuesta correcta", "Correct"),
        (
            "Contiene todos los hechos de la referencia; sin respuesta en los documentos, lo dice.",
            "Holds every fact of the reference; where the documents have no answer, says so.",
        ),
    ),
    _metric(
        "good",
        "answer",
        "share",
        ("Correcta y fiel", "Correct and faithful"),
        (
            "Es correcta y ninguna frase carece de apoyo en la evidencia.",
            "Is correct, and no sentence lacks support in the evidence.",
        ),
    ),
    _metric(
        "fact_recall",
        "answer",
        "share",
        ("Hechos contenidos", "Facts contained"),
        (
            "Parte de los hechos de la referencia que están en la respuesta; 0 si se abstiene.",
            "Share of the reference's facts that are in the answer; 0 when it is declined.",
        ),
    ),
    _metric(
        "token_f1",
        "answer",
        "share",
        ("F1 de palabras", "Token F1"),
        (
            "Media armónica de precisión y exhaustividad de las palabras frente a la referencia, sin artículos ni tildes.",
            "Harmonic mean of precision and recall of the words against the reference, without articles and accents.",
        ),
        SQUAD,
    ),
    _metric(
        "exact_match",
        "answer",
        "share",
        ("Coincidencia exacta", "Exact match"),
        (
            "Las mismas palabras que la referencia, sin artículos, tildes ni signos.",
            "The same words as the reference, without articles, accents and punctuation.",
        ),
        SQUAD,
    ),
    _metric(
        "language",
        "answer",
        "share",
        ("Idioma correcto", "Right language"),
        ("La respuesta está en el idioma de la pregunta.", "The answer is in the question's language."),
    ),
)

CITATIONS = (
    _metric(
        "citation_precision",
        "citations",
        "share",
        ("Precisión de las citas", "Citation precision"),
        (
            "Parte de las citas de la respuesta que señalan una página de referencia.",
            "Share of the answer's citations that point to a reference page.",
        ),
        ALCE,
    ),
    _metric(
        "citation_recall",
        "citations",
        "share",
        ("Exhaustividad de las citas", "Citation recall"),
        (
            "Parte de las páginas de referencia que cita la respuesta.",
            "Share of the reference pages that the answer cites.",
        ),
        ALCE,
    ),
    _metric(
        "citation_support",
        "citations",
        "share",
        ("Citas que se sostienen", "Citations that hold"),
        (
            "Parte de las citas cuyo pasaje dice lo que su frase: palabra por palabra, o con los hechos de la referencia.",
            "Share of the citations whose passage says what their sentence says: to the letter, or with the reference's facts.",
        ),
        ALCE,
    ),
    _metric(
        "cited_sentences",
        "citations",
        "share",
        ("Frases con cita", "Sentences cited"),
        (
            "Parte de las frases de la respuesta que llevan una cita.",
            "Share of the answer's sentences that carry a citation.",
        ),
        ALCE,
    ),
    _metric(
        "grounding_rate",
        "citations",
        "share",
        ("Frases fundadas", "Sentences grounded"),
        (
            "Parte de las frases de la respuesta que la comprobación halló apoyadas en la evidencia.",
            "Share of the answer's sentences that the check found supported by the evidence.",
        ),
    ),
    _metric(
        "invented_citations",
        "citations",
        "share",
        ("Citas inventadas", "Invented citations"),
        (
            "Parte de las respuestas en las que el modelo citó un número que ninguna fuente tiene.",
            "Share of the answers in which the model cited a number that no source has.",
        ),
        higher_is_better=False,
    ),
)

ABSTENTION = (
    _metric(
        "answered_answerable",
        "abstention",
        "share",
        ("Responde lo que puede", "Answers what it can"),
        (
            "Parte de las preguntas con respuesta en los documentos que se contestan.",
            "Share of the questions with an answer in the documents that are answered.",
        ),
    ),
    _metric(
        "declined_unanswerable",
        "abstention",
        "share",
        ("Se abstiene cuando debe", "Declines when it should"),
        (
            "Parte de las preguntas sin respuesta en los documentos en las que se abstiene.",
            "Share of the questions without an answer in the documents that are declined.",
        ),
    ),
    _metric(
        "balanced_accuracy",
        "abstention",
        "share",
        ("Exactitud equilibrada de la abstención", "Balanced accuracy of abstention"),
        (
            "Media de dos partes: de lo que puede responder, lo que responde; de lo que debe callar, lo que calla.",
            "Mean of what it answers of what it can, and what it declines of what it should.",
        ),
        "Brodersen et al. 2010, The balanced accuracy and its posterior distribution",
    ),
    _metric(
        "errors",
        "abstention",
        "share",
        ("Errores", "Errors"),
        ("Parte de las preguntas que acabaron en un error.", "Share of the questions that ended in an error."),
        higher_is_better=False,
    ),
)

SPEED = (
    _metric(
        "ttft_ms",
        "speed",
        "ms",
        ("Tiempo hasta la primera palabra", "Time to first token"),
        (
            "Desde que se envía la petición al modelo hasta su primer trozo de texto no vacío.",
            "From sending the request to the model until its first non-empty piece of text.",
        ),
        VLLM,
        higher_is_better=False,
    ),
    _metric(
        "e2e_ms",
        "speed",
        "ms",
        ("Duración de la generación", "End-to-end latency"),
        (
            "Desde que se envía la petición al modelo hasta su último trozo de texto.",
            "From sending the request to the model until its last piece of text.",
        ),
        VLLM,
        higher_is_better=False,
    ),
    _metric(
        "tpot_ms",
        "speed",
        "ms",
        ("Tiempo por token", "Time per output token"),
        (
            "Tiempo tras el primer trozo entre los tokens generados menos uno.",
            "Time after the first piece over the generated tokens less one.",
        ),
        VLLM,
        higher_is_better=False,
    ),
    _metric(
        "tokens_per_s",
        "speed",
        "tokens/s",
        ("Tokens por segundo", "Tokens per second"),
        (
            "Tokens generados menos uno entre el tiempo tras el primer trozo.",
            "Generated tokens less one over the time after the first piece.",
        ),
        VLLM,
    ),
    _metric(
        "characters_per_s",
        "speed",
        "characters/s",
        ("Caracteres por segundo", "Characters per second"),
        (
            "Caracteres tras el primer trozo entre el tiempo que tardan.",
            "Characters after the first piece over the time they take.",
        ),
    ),
    _metric(
        "queued_ms",
        "speed",
        "ms",
        ("Espera en la cola", "Time in the queue"),
        ("Tiempo en la cola del motor antes de la petición.", "Time in the back end's queue before the request."),
        higher_is_better=False,
    ),
    _metric(
        "total_ms",
        "speed",
        "ms",
        ("Tiempo hasta la respuesta comprobada", "Time to the verified answer"),
        (
            "Desde la pregunta hasta la respuesta comprobada: lo que espera quien lee.",
            "From the question until the verified answer: what a reader waits for.",
        ),
        higher_is_better=False,
    ),
)

RESOURCES: tuple[Metric, ...] = (
    _metric(
        "memory_idle",
        "resources",
        "bytes",
        ("Memoria en reposo", "Idle memory"),
        (
            "Memoria (PSS) de los procesos que tienen el modelo, cargado y sin preguntas.",
            "Memory (PSS) of the processes that hold the model, loaded and not asked.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "memory_peak",
        "resources",
        "bytes",
        ("Memoria máxima", "Peak memory"),
        (
            "La mayor memoria (PSS) de esos procesos mientras respondían.",
            "The most memory (PSS) of these processes while they answered.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "gpu_memory_idle",
        "resources",
        "bytes",
        ("Memoria de GPU en reposo", "Idle GPU memory"),
        (
            "Memoria de la tarjeta (NVML) de esos procesos, con el modelo cargado.",
            "The card's memory (NVML) of these processes, with the model loaded.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "gpu_memory_peak",
        "resources",
        "bytes",
        ("Memoria máxima de GPU", "Peak GPU memory"),
        (
            "La mayor memoria de la tarjeta (NVML) de esos procesos.",
            "The most of the card's memory (NVML) of these processes.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "start_ready_ms",
        "resources",
        "ms",
        ("Arranque en frío", "Cold start"),
        (
            "Desde que arranca un proceso hasta que el modelo está cargado en él.",
            "From the start of a process until the model is loaded in it.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "start_first_token_ms",
        "resources",
        "ms",
        ("Arranque en frío hasta el primer token", "Cold start to the first token"),
        (
            "Desde que arranca un proceso hasta el primer texto de la primera respuesta.",
            "From the start of a process until the first text of the first answer.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "server_load_ms",
        "resources",
        "ms",
        ("Carga del modelo en el servidor", "Loading the model at the server"),
        (
            "Lo que el servidor dice que tardó en cargar el modelo (load_duration de Ollama).",
            "What the server says loading the model took (Ollama's load_duration).",
        ),
        higher_is_better=False,
    ),
    _metric(
        "cache_cold_ttft_ms",
        "resources",
        "ms",
        ("Primer token sin caché", "First token, nothing cached"),
        (
            "Hasta el primer texto con una petición que el modelo no ha visto.",
            "Until the first text of a prompt that the model has not seen.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "cache_shared_ttft_ms",
        "resources",
        "ms",
        ("Primer token con el comienzo en caché", "First token, beginning cached"),
        (
            "Lo mismo cuando solo cambia la pregunta, al final.",
            "The same when only the question at its end is new.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "cache_warm_ttft_ms",
        "resources",
        "ms",
        ("Primer token con todo en caché", "First token, all cached"),
        (
            "Lo mismo cuando se repite la petición.",
            "The same when the prompt is repeated.",
        ),
        higher_is_better=False,
    ),
)
JUDGE = (
    _metric(
        "faithfulness",
        "judge",
        "share",
        ("Fidelidad (juez)", "Faithfulness (judge)"),
        (
            "Parte de las afirmaciones de la respuesta que, según el juez, se infieren de lo que se mostró al modelo.",
            "Share of the answer's statements that, by the judge, can be inferred from what the model was shown.",
        ),
        RAGAS,
    ),
    _metric(
        "answer_relevancy",
        "judge",
        "share",
        ("Pertinencia de la respuesta (juez)", "Answer relevancy (judge)"),
        (
            "Parecido entre la pregunta y la que el juez deduce de la respuesta; 0 si la respuesta es evasiva. Compárese solo "
            "entre motores: el parecido de dos preguntas cualesquiera queda lejos de 0.",
            "Similarity of the question and the one that the judge derives from the answer; 0 for an evasive answer. Only to "
            "compare back ends: the similarity of any two questions is far from 0.",
        ),
        RAGAS,
    ),
    _metric(
        "context_precision",
        "judge",
        "share",
        ("Precisión del contexto (juez)", "Context precision (judge)"),
        (
            "Precisión media de los pasajes mostrados, según cuáles juzga el juez útiles para llegar a la referencia.",
            "Average precision of the passages shown, by which of them the judge finds useful to arrive at the reference.",
        ),
        RAGAS_DOCS,
    ),
    _metric(
        "context_recall",
        "judge",
        "share",
        ("Exhaustividad del contexto (juez)", "Context recall (judge)"),
        (
            "Parte de las afirmaciones de la referencia que el juez atribuye a los pasajes mostrados.",
            "Share of the reference's statements that the judge attributes to the passages shown.",
        ),
        RAGAS_DOCS,
    ),
    _metric(
        "factual_correctness",
        "judge",
        "share",
        ("Corrección de los hechos (juez)", "Factual correctness (judge)"),
        (
            "F1 entre las afirmaciones de la respuesta y las de la referencia, según cuáles de cada una sostiene la otra.",
            "F1 between the statements of the answer and of the reference, by which of each the other one supports.",
        ),
        RAGAS_DOCS,
    ),
    _metric(
        "semantic_similarity",
        "answer",
        "share",
        ("Parecido de significado", "Semantic similarity"),
        (
            "Coseno entre respuesta y referencia con el modelo de la búsqueda. Compárese solo entre motores: el de dos textos "
            "cualesquiera queda lejos de 0.",
            "Cosine of answer and reference, embedded as in the search. Only to compare back ends: that of any two texts is "
            "far from 0.",
        ),
        "Risch et al. 2021, Semantic answer similarity for evaluating question answering models",
    ),
)
HUMAN = (
    _metric(
        "human_precision",
        "human",
        "score",
        ("Precisión, según personas", "Precision, by people"),
        (
            "De 1 a 5: lo que dice es cierto y responde a la pregunta.",
            "From 1 to 5: what it says is true and answers the question.",
        ),
    ),
    _metric(
        "human_clarity",
        "human",
        "score",
        ("Claridad, según personas", "Clarity, by people"),
        ("De 1 a 5: se entiende a la primera.", "From 1 to 5: it is understood at first reading."),
    ),
    _metric(
        "human_completeness",
        "human",
        "score",
        ("Completitud, según personas", "Completeness, by people"),
        ("De 1 a 5: no falta nada de lo que se preguntó.", "From 1 to 5: nothing that was asked for is missing."),
    ),
)
COST = (
    _metric(
        "eur_per_answer",
        "cost",
        "eur",
        ("Coste por respuesta", "Cost of an answer"),
        (
            "Coste del mes entre sus respuestas: máquina o API, luz y horas de personas.",
            "A month's cost over its answers: machine or API, electricity and people's hours.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "eur_per_good_answer",
        "cost",
        "eur",
        ("Coste por respuesta correcta y fiel", "Cost of a correct and faithful answer"),
        (
            "Coste por respuesta entre la parte de ellas que es correcta y fiel.",
            "Cost of an answer over the share of them that is correct and faithful.",
        ),
        higher_is_better=False,
    ),
    _metric(
        "eur_per_million_tokens",
        "cost",
        "eur",
        ("Coste por millón de tokens", "Cost of a million tokens"),
        (
            "Coste del mes entre los tokens leídos y escritos.",
            "A month's cost over the tokens read and written.",
        ),
        higher_is_better=False,
    ),
)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for group in (RETRIEVAL, ANSWER, CITATIONS, ABSTENTION, JUDGE, HUMAN, SPEED, RESOURCES, COST)
    for metric in group
}
"""Every metric. Whoever adds one writes it into the tuple of its group."""


def metric(name: str) -> Metric:
    """The metric of this name. Raises ConfigError that names a near one, or all."""
    if name in METRICS:
        return METRICS[name]
    from assistant.backends.common.kinds import choices

    raise ConfigError(f"There is no metric {name!r}: {choices(name, METRICS)}")
