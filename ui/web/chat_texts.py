"""Every text of the chat, in Spanish and English. A text with `{}` fields is filled by `str.format`."""

from __future__ import annotations

from dataclasses import dataclass

from ui.web.language import PageLanguage


@dataclass(frozen=True, slots=True)
class ChatTexts:
    """The chat in one language. `units` names `PageUnit` values, `whys` what the grounding found, by how that begins."""

    language: PageLanguage
    title: str
    # Conversations
    conversations: str
    new: str
    search: str
    search_hint: str
    no_conversations: str
    none_found: str
    older: str
    show_conversations: str
    hide_conversations: str
    more: str
    rename: str
    delete: str
    delete_asked: str
    delete_told: str
    export_markdown: str
    export_json: str
    today: str
    yesterday: str
    this_week: str
    untitled: str
    not_here: str
    # Asking
    welcome: str
    welcome_hint: str
    try_these: str
    no_documents: str
    question: str
    question_hint: str
    keys_hint: str
    too_long: str
    send: str
    stop: str
    model: str
    collections: str
    all_collections: str
    some_collections: str
    collections_hint: str
    private: str
    documents: str
    document: str
    default: str
    stays: str
    leaves: str
    may_leave: str
    paces: dict[str, str]
    # While it is answered
    searching: str
    queued: str
    next_in_line: str
    reading: str
    reading_one: str
    writing: str
    finished: str
    jump_down: str
    # Answers
    you: str
    answer: str
    copy: str
    copied: str
    copy_failed: str
    edit: str
    edit_hint: str
    save: str
    cancel: str
    retry: str
    ask_again: str
    stopped: str
    failed: str
    lead: str
    cited: str
    others: str
    nearest: str
    who_to_ask: str
    not_grounded: str
    unsupported: str
    weak: str
    whys: dict[str, str]
    no_model: str
    local: str
    in_cloud: str
    stages: dict[str, str]
    tokens: str
    follow_ups: str
    # Votes
    helpful: str
    not_helpful: str
    vote_asked: str
    vote_told: str
    reasons: dict[str, str]
    comment: str
    send_vote: str
    thanks: str
    # Sources
    source_label: str
    source: str
    close: str
    version_of: str
    dated: str
    of_pages: str
    passage_tab: str
    page_tab: str
    original: str
    page_image: str
    page_marked: str
    page_failed: str
    earlier_page: str
    later_page: str
    larger: str
    smaller: str
    outdated: str
    units: dict[str, str]
    months: str
    decimal: str
    # Trouble
    lost: str
    back: str
    went_wrong: str


SPANISH = ChatTexts(
    language="es",
    title="Preguntar",
    conversations="Conversaciones",
    new="Nueva conversación",
    search="Buscar en las conversaciones",
    search_hint="Buscar",
    no_conversations="Aquí aparecerán sus conversaciones.",
    none_found="Ninguna conversación contiene esas palabras.",
    older="Mostrar más antiguas",
    show_conversations="Mostrar las conversaciones",
    hide_conversations="Ocultar las conversaciones",
    more="Más acciones: {title}",
    rename="Cambiar el nombre",
    delete="Eliminar",
    delete_asked="¿Eliminar la conversación?",
    delete_told="«{title}» se eliminará para siempre, con todas sus respuestas.",
    export_markdown="Exportar como Markdown",
    export_json="Exportar como JSON",
    today="Hoy",
    yesterday="Ayer",
    this_week="Últimos 7 días",
    untitled="Sin título",
    not_here="Esta conversación no existe o ya se eliminó.",
    welcome="¿Qué quiere saber?",
    welcome_hint="Midas responde con los documentos de la empresa y cita de dónde sale cada frase.",
    try_these="Por ejemplo",
    no_documents="Todavía no hay documentos que pueda consultar. Un administrador los añade en «Administrar».",
    question="Pregunta",
    question_hint="Escriba su pregunta",
    keys_hint="Intro envía; Mayús + Intro cambia de línea.",
    too_long="La pregunta es demasiado larga: caben {most} caracteres y sobran {excess}.",
    send="Enviar la pregunta",
    stop="Detener la respuesta",
    model="Modelo",
    collections="Colecciones",
    all_collections="Todas las colecciones",
    some_collections="{count} colecciones",
    collections_hint="Sin ninguna marcada, se busca en todas.",
    private="privada",
    documents="{count} documentos",
    document="1 documento",
    default="predeterminado",
    stays="Nada sale de la empresa.",
    leaves="La pregunta y los pasajes encontrados van a la nube.",
    may_leave="Si este modelo falla, responde «{helper}»: la pregunta y los pasajes encontrados van entonces a la nube.",
    paces={
        "fast": "Rápido: suele responder en unos {seconds} s",
        "comfortable": "Normal: suele responder en unos {seconds} s",
        "slow": "Lento: suele tardar unos {seconds} s",
        "unknown": "Velocidad aún sin medir",
    },
    searching="Buscando en los documentos…",
    queued="En espera: hay {position} por delante…",
    next_in_line="En espera: su pregunta es la siguiente…",
    reading="Leyendo {passages} pasajes…",
    reading_one="Leyendo un pasaje…",
    writing="Escribiendo…",
    finished="Respuesta terminada.",
    jump_down="Ir al final",
    you="Usted",
    answer="Respuesta",
    copy="Copiar con las fuentes",
    copied="Copiado",
    copy_failed="El navegador no permite copiar: seleccione el texto y cópielo.",
    edit="Corregir la pregunta",
    edit_hint="Esta respuesta y las siguientes se sustituyen por la nueva.",
    save="Preguntar de nuevo",
    cancel="Cancelar",
    retry="Repetir la pregunta",
    ask_again="Preguntar otra vez",
    stopped="Respuesta interrumpida.",
    failed="No se pudo responder: {message}",
    lead="Esto es lo más cercano que contienen los documentos.",
    cited="Fuentes citadas",
    others="Otros pasajes encontrados",
    nearest="Los pasajes más cercanos",
    who_to_ask="A quién preguntar",
    not_grounded="Parte de esta respuesta no está respaldada por los documentos: compruébela.",
    unsupported="Sin respaldo en los documentos: {why}",
    weak="Respaldo débil: {why}",
    whys={
        "number not in the source": "las fuentes no contienen {detail}.",
        "name not in the source": "las fuentes no contienen «{detail}».",
        "few of its words": "pocas de sus palabras están en las fuentes.",
        "the source is about something else": "la fuente trata de otra cosa.",
        "a number that only the question has": "la cifra solo está en la pregunta.",
        "the source is about another year": "la fuente habla de otro año.",
        "the source only asks": "la fuente solo lo pregunta.",
        "the source is about another code": "la fuente trata de otra referencia.",
        "the source does not deny it": "la fuente no lo niega.",
        "the source denies it": "la fuente dice lo contrario.",
        "only similar in meaning": "la fuente dice algo parecido, con otras palabras.",
        "": "compruébelo en las fuentes.",
    },
    no_model="No se consultó ningún modelo.",
    local="local",
    in_cloud="nube",
    stages={
        "condense_ms": "Entender la pregunta",
        "embed_ms": "Vectorizar",
        "dense_ms": "Buscar por significado",
        "lexical_ms": "Buscar por palabras",
        "fuse_ms": "Combinar",
        "rerank_ms": "Reordenar",
        "context_ms": "Elegir los pasajes",
        "ttft_ms": "Hasta la primera palabra",
        "generation_ms": "Escribir",
        "grounding_ms": "Comprobar las frases",
        "total_ms": "Total",
    },
    tokens="Tokens: {read} leídos ({cached} ya en memoria), {written} escritos",
    follow_ups="Para seguir preguntando",
    helpful="Buena respuesta",
    not_helpful="Mala respuesta",
    vote_asked="¿Qué ha fallado?",
    vote_told="Los administradores verán la pregunta, la respuesta y sus fuentes.",
    reasons={
        "wrong": "Es incorrecta",
        "incomplete": "Falta algo",
        "wrong_source": "La fuente no lo dice",
        "exists": "Los documentos sí lo dicen",
        "slow": "Tardó demasiado",
        "other": "Otra cosa",
    },
    comment="Comentario (opcional)",
    send_vote="Enviar",
    thanks="Gracias por su opinión.",
    source_label="Fuente {number}: {document}",
    source="Fuente",
    close="Cerrar",
    version_of="versión del {date}",
    dated="fechado el {date}",
    of_pages="{unit} {page} de {pages}",
    passage_tab="Pasaje",
    page_tab="Página",
    original="Descargar el original",
    page_image="Página {page} de {document}.",
    page_marked="Página {page} de {document}, con el pasaje citado marcado: {quote}",
    page_failed="No se puede mostrar la página: el pasaje está en la otra pestaña.",
    earlier_page="Página anterior",
    later_page="Página siguiente",
    larger="Ampliar",
    smaller="Reducir",
    outdated="El documento ha cambiado o ya no está: este es el pasaje que se leyó para responder.",
    units={"page": "página", "slide": "diapositiva", "sheet": "hoja", "record": "registro"},
    months="ene feb mar abr may jun jul ago sep oct nov dic",
    decimal=",",
    lost="Sin conexión con Midas. Se reintenta automáticamente; lo que escriba no se pierde.",
    back="Conexión recuperada.",
    went_wrong="No se pudo hacer: {message}",
)

ENGLISH = ChatTexts(
    language="en",
    title="Ask",
    conversations="Conversations",
    new="New conversation",
    search="Search the conversations",
    search_hint="Search",
    no_conversations="Your conversations will appear here.",
    none_found="No conversation has these words.",
    older="Show older ones",
    show_conversations="Show the conversations",
    hide_conversations="Hide the conversations",
    more="More actions: {title}",
    rename="Rename",
    delete="Delete",
    delete_asked="Delete the conversation?",
    delete_told="“{title}” will be deleted for good, with all its answers.",
    export_markdown="Export as Markdown",
    export_json="Export as JSON",
    today="Today",
    yesterday="Yesterday",
    this_week="Last 7 days",
    untitled="Untitled",
    not_here="This conversation does not exist or was deleted.",
    welcome="What would you like to know?",
    welcome_hint="Midas answers from the company's documents and cites where each sentence comes from.",
    try_these="For example",
    no_documents="There are no documents yet that you can ask about. An admin adds them under “Manage”.",
    question="Question",
    question_hint="Type your question",
    keys_hint="Enter sends; Shift + Enter breaks the line.",
    too_long="The question is too long: {most} characters fit, and it has {excess} more.",
    send="Send the question",
    stop="Stop the answer",
    model="Model",
    collections="Collections",
    all_collections="All collections",
    some_collections="{count} collections",
    collections_hint="With none ticked, all are searched.",
    private="private",
    documents="{count} documents",
    document="1 document",
    default="default",
    stays="Nothing leaves the company.",
    leaves="The question and the passages found go to the cloud.",
    may_leave="If this model fails, “{helper}” answers: the question and the passages found then go to the cloud.",
    paces={
        "fast": "Fast: usually answers in about {seconds} s",
        "comfortable": "Medium: usually answers in about {seconds} s",
        "slow": "Slow: usually takes about {seconds} s",
        "unknown": "Speed not measured yet",
    },
    searching="Searching the documents…",
    queued="Waiting: {position} ahead of you…",
    next_in_line="Waiting: you are next…",
    reading="Reading {passages} passages…",
    reading_one="Reading one passage…",
    writing="Writing…",
    finished="Answer finished.",
    jump_down="Go to the end",
    you="You",
    answer="Answer",
    copy="Copy with its sources",
    copied="Copied",
    copy_failed="The browser does not allow copying: select the text and copy it.",
    edit="Correct the question",
    edit_hint="This answer and those after it are replaced by the new one.",
    save="Ask again",
    cancel="Cancel",
    retry="Repeat the question",
    ask_again="Ask again",
    stopped="Answer interrupted.",
    failed="No answer: {message}",
    lead="These are the nearest things that the documents hold.",
    cited="Cited sources",
    others="Other passages found",
    nearest="The nearest passages",
    who_to_ask="Who to ask",
    not_grounded="Part of this answer is not supported by the documents: check it.",
    unsupported="Not supported by the documents: {why}",
    weak="Weakly supported: {why}",
    whys={
        "number not in the source": "the sources do not have {detail}.",
        "name not in the source": "the sources do not have “{detail}”.",
        "few of its words": "few of its words are in the sources.",
        "the source is about something else": "the source is about something else.",
        "a number that only the question has": "the figure is in the question only.",
        "the source is about another year": "the source is about another year.",
        "the source only asks": "the source only asks it.",
        "the source is about another code": "the source is about another reference.",
        "the source does not deny it": "the source does not deny it.",
        "the source denies it": "the source says the opposite.",
        "only similar in meaning": "the source says something similar in other words.",
        "": "check it in the sources.",
    },
    no_model="No model was asked.",
    local="local",
    in_cloud="cloud",
    stages={
        "condense_ms": "Understanding the question",
        "embed_ms": "Embedding",
        "dense_ms": "Searching by meaning",
        "lexical_ms": "Searching by words",
        "fuse_ms": "Combining",
        "rerank_ms": "Reordering",
        "context_ms": "Choosing passages",
        "ttft_ms": "Until the first word",
        "generation_ms": "Writing",
        "grounding_ms": "Checking the sentences",
        "total_ms": "Total",
    },
    tokens="Tokens: {read} read ({cached} from memory), {written} written",
    follow_ups="To go on",
    helpful="Good answer",
    not_helpful="Bad answer",
    vote_asked="What went wrong?",
    vote_told="Admins will see the question, the answer and its sources.",
    reasons={
        "wrong": "It is wrong",
        "incomplete": "Something is missing",
        "wrong_source": "The source does not say so",
        "exists": "The documents do have it",
        "slow": "It took too long",
        "other": "Something else",
    },
    comment="Comment (optional)",
    send_vote="Send",
    thanks="Thank you for your opinion.",
    source_label="Source {number}: {document}",
    source="Source",
    close="Close",
    version_of="version of {date}",
    dated="dated {date}",
    of_pages="{unit} {page} of {pages}",
    passage_tab="Passage",
    page_tab="Page",
    original="Download the original",
    page_image="Page {page} of {document}.",
    page_marked="Page {page} of {document}, with the cited passage marked: {quote}",
    page_failed="The page can't be shown: the passage is in the other tab.",
    earlier_page="Previous page",
    later_page="Next page",
    larger="Larger",
    smaller="Smaller",
    outdated="The document has changed or is gone: this is the passage that was read for the answer.",
    units={"page": "page", "slide": "slide", "sheet": "sheet", "record": "record"},
    months="Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    decimal=".",
    lost="No connection to Midas. Trying again; what you type is not lost.",
    back="Connected again.",
    went_wrong="It did not work: {message}",
)

CHAT_TEXTS: dict[PageLanguage, ChatTexts] = {"es": SPANISH, "en": ENGLISH}
