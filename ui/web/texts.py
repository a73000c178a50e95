"""Every text of the page, in Spanish and English. A text with `{}` fields is filled by `str.format`."""

from __future__ import annotations

from dataclasses import dataclass

from ui.web.language import PageLanguage


@dataclass(frozen=True, slots=True)
class Texts:
    """The page in one language. `units` names `PageUnit` values."""

    tagline: str
    language: str
    chat_tab: str
    documents_tab: str
    welcome: str
    welcome_hint: str
    question: str
    question_hint: str
    send: str
    stop: str
    new_chat: str
    collections: str
    collections_hint: str
    backend: str
    you: str
    searching: str
    queued: str
    reading: str
    writing: str
    stopped: str
    failed: str
    cited: str
    others: str
    nearest: str
    declined: str
    not_grounded: str
    made_by: str
    no_model: str
    local: str
    in_cloud: str
    stays: str
    leaves: str
    private: str
    private_refused: str
    source_label: str
    passages: str
    passages_hint: str
    close: str
    files: str
    into: str
    into_hint: str
    add: str
    no_files: str
    no_collection: str
    loading: str
    waiting: str
    file: str
    result: str
    added: str
    duplicate: str
    upload_summary: str
    no_collections: str
    collections_table: str
    name: str
    documents: str
    chunks: str
    units: dict[str, str]


SPANISH = Texts(
    tagline="Respuestas breves y citadas, tomadas de sus documentos.",
    language="Idioma",
    chat_tab="Preguntar",
    documents_tab="Documentos",
    welcome="¿Qué quiere saber?",
    welcome_hint="Cada respuesta lleva números como [1]: pulse uno para leer el pasaje del documento que la respalda.",
    question="Pregunta",
    question_hint="Escriba su pregunta",
    send="Preguntar",
    stop="Parar",
    new_chat="Conversación nueva",
    collections="Colecciones",
    collections_hint="Si no elige ninguna, se busca en todas.",
    backend="Modelo",
    you="Usted",
    searching="Buscando en los documentos…",
    queued="En espera: hay {position} por delante…",
    reading="Leyendo pasajes: {passages}…",
    writing="Escribiendo…",
    stopped="Respuesta interrumpida.",
    failed="No se pudo responder: {message}",
    cited="Fuentes citadas",
    others="Otros pasajes encontrados",
    nearest="Los pasajes más cercanos",
    declined="Los documentos no lo responden.",
    not_grounded="Parte de esta respuesta no está respaldada por los documentos: compruébela.",
    made_by="Modelo: {model} ({backend}).",
    no_model="No se consultó ningún modelo.",
    local="local",
    in_cloud="nube",
    stays="La pregunta y los pasajes no salen de la empresa.",
    leaves="La pregunta y los pasajes encontrados se envían a la nube.",
    private="privada",
    private_refused="«{collection}» es privada y «{backend}» está en la nube: elija un modelo local u otra colección.",
    source_label="Fuente {number}: {document}",
    passages="Pasaje",
    passages_hint="Pulse el número de una cita para leer aquí el pasaje del documento.",
    close="Cerrar",
    files="Archivos",
    into="Colección",
    into_hint="Elija una o escriba el nombre de una nueva.",
    add="Añadir a la colección",
    no_files="Elija primero uno o más archivos.",
    no_collection="Elija la colección a la que se añaden los archivos.",
    loading="Procesando {done} de {total}: {source}",
    waiting="En cola…",
    file="Archivo",
    result="Resultado",
    added="Añadido",
    duplicate="Mismo contenido que {source}; no se añade otra vez.",
    upload_summary="{added} añadidos, {replaced} actualizados, {skipped} sin cambios, {failed} con errores.",
    no_collections="Todavía no hay documentos.",
    collections_table="Colecciones",
    name="Nombre",
    documents="Documentos",
    chunks="Pasajes",
    units={"page": "página", "slide": "diapositiva", "sheet": "hoja", "record": "registro"},
)

ENGLISH = Texts(
    tagline="Short, cited answers from your own documents.",
    language="Language",
    chat_tab="Ask",
    documents_tab="Documents",
    welcome="What would you like to know?",
    welcome_hint="Every answer carries numbers like [1]: click one to read the passage of the document behind it.",
    question="Question",
    question_hint="Type your question",
    send="Ask",
    stop="Stop",
    new_chat="New conversation",
    collections="Collections",
    collections_hint="If you choose none, all are searched.",
    backend="Model",
    you="You",
    searching="Searching the documents…",
    queued="Waiting: {position} ahead of you…",
    reading="Reading passages: {passages}…",
    writing="Writing…",
    stopped="Answer stopped.",
    failed="No answer: {message}",
    cited="Cited sources",
    others="Other passages found",
    nearest="The nearest passages",
    declined="The documents do not answer this.",
    not_grounded="Part of this answer is not supported by the documents: check it.",
    made_by="Model: {model} ({backend}).",
    no_model="No model was asked.",
    local="local",
    in_cloud="cloud",
    stays="The question and the passages stay in the company.",
    leaves="The question and the passages found are sent to the cloud.",
    private="private",
    private_refused="“{collection}” is private and “{backend}” is in the cloud: choose a local model, or another collection.",
    source_label="Source {number}: {document}",
    passages="Passage",
    passages_hint="Click the number of a citation to read the passage of the document here.",
    close="Close",
    files="Files",
    into="Collection",
    into_hint="Choose one or type the name of a new one.",
    add="Add to the collection",
    no_files="Choose one or more files first.",
    no_collection="Choose the collection that the files are added to.",
    loading="Processing {done} of {total}: {source}",
    waiting="Queued…",
    file="File",
    result="Result",
    added="Added",
    duplicate="Same content as {source}; not added again.",
    upload_summary="{added} added, {replaced} updated, {skipped} unchanged, {failed} with errors.",
    no_collections="There are no documents yet.",
    collections_table="Collections",
    name="Name",
    documents="Documents",
    chunks="Passages",
    units={"page": "page", "slide": "slide", "sheet": "sheet", "record": "record"},
)

TEXTS: dict[PageLanguage, Texts] = {"es": SPANISH, "en": ENGLISH}
