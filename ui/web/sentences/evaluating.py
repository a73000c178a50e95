"""Sentences of `eval`: runs, questions, judges. English with its Spanish; `{}` is what is filled in."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "Run {} has answers of {} back end(s): compare at least two.": (
        "La evaluación {} tiene respuestas de {} motor(es): compare al menos dos."
    ),
    "No two answers of run {} can be compared ({}): choose another run.": (
        "En la evaluación {} no hay dos respuestas que se puedan comparar ({}): elija otra evaluación."
    ),
    "There is no pair {}: ask for the next one.": "No hay ningún par {}: pida el siguiente.",
    "{} has voted on this pair already: ask for the next one.": "{} ya ha votado este par: pida el siguiente.",
    "A vote needs the voter's name: give one with --voter.": "Un voto necesita el nombre de quien vota: indíquelo con --voter.",
    "Costs are told for a number of answers a month above zero: correct answers_per_month.": (
        "Los costes se calculan para un número de respuestas al mes mayor que cero: corrija answers_per_month."
    ),
    "The runs {} and {} have no question in common: compare runs over the same set.": (
        "Las evaluaciones {} y {} no tienen ninguna pregunta en común: compare evaluaciones del mismo conjunto."
    ),
    "The runs have no back end in common ({}; {}): say which to pair, with --backend {}={}.": (
        "Las evaluaciones no tienen ningún motor en común ({}; {}): diga cuáles se comparan, con --backend {}={}."
    ),
    "Run {} has no back end {}: there are {}.": "La evaluación {} no tiene el motor {}: hay {}.",
    "There is no run of this command whose failures could be asked again: leave --retry out.": (
        "No hay ninguna evaluación de esta orden cuyos fallos se puedan repetir: quite --retry."
    ),
    "The stream ended before the answer did.": "La conexión terminó antes que la respuesta.",
    (
        "What the judge {} has to read leaves it no room for a verdict (its window holds {} tokens): raise its "
        "context_window, or judge with another back end."
    ): (
        "Lo que el juez {} tiene que leer no le deja sitio para un veredicto (en su ventana caben {} tokens): amplíe su "
        "context_window, o juzgue con otro motor."
    ),
    "The judge {} {}: {}.": "El juez {} {}: {}.",
    "The judge {} can't be reached: check that it runs.": "No hay conexión con el juez {}: compruebe que funciona.",
    "{} can't be used ({}): check free space and permissions, or delete it.": (
        "{} no se puede usar ({}): revise el espacio libre y los permisos, o elimínelo."
    ),
    "{} can't be written ({}): check free space and permissions.": (
        "{} no se puede escribir ({}): revise el espacio libre y los permisos."
    ),
    "Line {} of {} is no {} ({}): delete it.": "La línea {} de {} no es {} ({}): elimínela.",
    "{} is not a load test of this version: delete its folder, or run the test again.": (
        "{} no es una prueba de carga de esta versión: elimine su carpeta, o repita la prueba."
    ),
    "{} can't be read ({}): delete the run, or mend the file.": (
        "{} no se puede leer ({}): elimine la evaluación, o repare el archivo."
    ),
    "{} has no question that could be asked: accept its candidates, or name another set.": (
        "{} no tiene ninguna pregunta que se pueda hacer: acepte sus candidatas, o elija otro conjunto."
    ),
    "{} has two questions with the id {}: run midas eval questions validate on it.": (
        "{} tiene dos preguntas con el identificador {}: compruébelo con midas eval questions validate."
    ),
    "A back end is named twice: --repeat asks it several times.": (
        "Un motor está dos veces: para preguntar varias veces a cada uno, use --repeat."
    ),
    "{} can't be read ({}): name a table of costs.": "{} no se puede leer ({}): indique una tabla de costes.",
    "{} can't be read as a table of costs ({}): correct it.": "{} no se puede leer como tabla de costes ({}): corríjalo.",
    "{}: {} is wrong ({}{}): correct it.": "{}: {} no es válido ({}{}): corríjalo.",
    "{} is there already and may hold marks: choose another name, or remove it.": (
        "{} ya existe y puede contener notas: elija otro nombre, o bórrelo."
    ),
    "Run {} has no answers to judge: choose another run.": "La evaluación {} no tiene respuestas que juzgar: elija otra.",
    "{} can't be written ({}): choose another place.": "{} no se puede escribir ({}): elija otro lugar.",
    "Line {} of {}: {} is no answer of run {}: export its form anew.": (
        "Línea {} de {}: {} no es una respuesta de la evaluación {}: exporte de nuevo su formulario."
    ),
    "{} can't be read ({}): name the CSV file of the filled form.": (
        "{} no se puede leer ({}): indique el archivo CSV del formulario rellenado."
    ),
    "{} is no CSV file: save the form as CSV.": "{} no es un archivo CSV: guarde el formulario como CSV.",
    "{} has no column {}: fill in a form that was exported, and leave its first line.": (
        "{} no tiene la columna {}: rellene un formulario exportado y conserve su primera línea."
    ),
    "Line {} of {}: {} is {}: give 1 to 5, or leave it empty.": "Línea {} de {}: {} es {}: ponga de 1 a 5, o déjelo vacío.",
    "The id is empty: give each question one of its own.": "El identificador está vacío: dé uno propio a cada pregunta.",
    "The question is empty: write it, or take the line out.": "La pregunta está vacía: escríbala, o quite la línea.",
    "{} is no language: write two small letters, like es or en.": (
        "{} no es un idioma: escriba dos letras minúsculas, como es o en."
    ),
    "It says that its language is {}, but it reads like {}: check it.": (
        "Dice que su idioma es {}, pero parece {}: compruébelo."
    ),
    "It has neither reference nor facts: whether an answer is right can't be scored.": (
        "No tiene respuesta de referencia ni hechos: no se puede puntuar si una respuesta es correcta."
    ),
    "It has no sources: retrieval and citations can't be scored.": (
        "No tiene fuentes: no se pueden puntuar la búsqueda ni las citas."
    ),
    "It can't be answered and yet has a reference, facts or sources: take them out, or make it answerable.": (
        "No tiene respuesta en los documentos y aun así tiene referencia, hechos o fuentes: quítelos, o márquela como "
        "respondible."
    ),
    "A group of its facts is empty: write at least one way to say each fact.": (
        "Un grupo de sus hechos está vacío: escriba al menos una forma de decir cada hecho."
    ),
    "Its reference does not contain its facts, so a right answer would count as wrong: correct one of them.": (
        "Su referencia no contiene sus hechos, así que una respuesta correcta contaría como errónea: corrija una de las "
        "dos cosas."
    ),
    "The question itself contains the facts, so repeating it would count as right: ask less, or add a fact.": (
        "La propia pregunta contiene los hechos, así que repetirla contaría como acierto: pregunte menos, o añada un hecho."
    ),
    "It is asked without documents, so it has no sources and can be answered: correct it, or take plain out.": (
        "Se hace sin documentos, así que no tiene fuentes y se puede responder: corríjala, o quite plain."
    ),
    "Its history must be pairs of user and assistant, in this order: correct it.": (
        "Su historial debe alternar user y assistant, en ese orden: corríjalo."
    ),
    "A model wrote it and nobody has accepted it: runs leave it out until `midas eval questions accept`.": (
        "La escribió un modelo y nadie la ha aceptado: las evaluaciones no la usan hasta que se acepte."
    ),
    "Another question has the same id: give each question one of its own.": (
        "Otra pregunta tiene el mismo identificador: dé uno propio a cada pregunta."
    ),
    "It asks the same as {}, so this counts twice: take one of them out.": (
        "Pregunta lo mismo que {}, así que cuenta dos veces: quite una de las dos."
    ),
    "The set has no question: add some.": "El conjunto no tiene preguntas: añada algunas.",
    "No question is unanswerable: whether a model declines when it should can't be scored.": (
        "Ninguna pregunta carece de respuesta: no se puede puntuar si un modelo se abstiene cuando debe."
    ),
    "Only some questions have a split: run `midas eval questions split` on the whole set.": (
        "Solo algunas preguntas tienen parte asignada: reparta el conjunto entero."
    ),
    (
        "New questions: {}; passages asked about: {}; questions that are missing: {} ({}): "
        "choose another back end, or other collections."
    ): ("Preguntas nuevas: {}; pasajes consultados: {}; preguntas que faltan: {} ({}): elija otro motor, u otras colecciones."),
    "The id {} is another question's: give each question one of its own.": (
        "El identificador {} es de otra pregunta: dé uno propio a cada pregunta."
    ),
    "{} has an ending that can't be imported: give a file that ends in .json, .csv, .tsv or .xlsx.": (
        "{} tiene una extensión que no se puede importar: elija un archivo .json, .csv, .tsv o .xlsx."
    ),
    "{} can't be read ({}): check its name and who may read it.": (
        "{} no se puede leer ({}): revise su nombre y quién puede leerlo."
    ),
    "{} is empty: give a file with questions.": "{} está vacío: elija un archivo con preguntas.",
    "{} is there with another text: choose an empty folder.": "{} ya existe con otro texto: elija una carpeta vacía.",
    "{} can't be written ({}): choose another folder.": "{} no se puede escribir ({}): elija otra carpeta.",
    "{} is not text: save it as CSV in UTF-8, or as XLSX.": "{} no es texto: guárdelo como CSV en UTF-8, o como XLSX.",
    "{} is broken at line {} ({}): check the quotation marks there.": (
        "{} está roto en la línea {} ({}): revise allí las comillas."
    ),
    "{}.xlsx can't be opened as a workbook ({}): save it again as XLSX.": (
        "{}.xlsx no se puede abrir como libro de cálculo ({}): guárdelo de nuevo como XLSX."
    ),
    "{} has more than {} rows: divide it.": "{} tiene más de {} filas: divídalo.",
    "{}.xlsx has no sheet {} with cells in it: there are {}.": "{}.xlsx no tiene ninguna hoja {} con celdas: hay {}.",
    "{}.xlsx has several sheets ({}): name one with --sheet, and import them one by one.": (
        "{}.xlsx tiene varias hojas ({}): guárdelas en archivos distintos e impórtelas una a una."
    ),
    "Cell {} shows {}: correct it.": "La celda {} muestra {}: corríjala.",
    "Cell {} is a formula without a stored value: write what it should show.": (
        "La celda {} es una fórmula sin valor guardado: escriba lo que debe mostrar."
    ),
    "{} has no row with text: write the names of the columns in the first row.": (
        "{} no tiene ninguna fila con texto: escriba los nombres de las columnas en la primera."
    ),
    "It has {} cells and there are {} columns: put texts with the separator in quotation marks.": (
        "Tiene {} celdas y hay {} columnas: ponga entre comillas los textos que contienen el separador."
    ),
    "{} has a column {} that is unknown: rename it or take it out; there are {}.": (
        "{} tiene una columna {} desconocida: cámbiele el nombre o quítela; las posibles son {}."
    ),
    "{} has two columns for {}: take one of them out.": "{} tiene dos columnas para {}: quite una.",
    "{} has no column “question”: name the columns in the first row; there are {}.": (
        "{} no tiene la columna «question»: nombre las columnas en la primera fila; hay {}."
    ),
    "It has no question: write it, or clear the row.": "No tiene pregunta: escríbala, o vacíe la fila.",
    "It says neither what the answer is nor that there is none: fill “reference”, or write no in “answerable”.": (
        "No dice cuál es la respuesta ni que no la hay: rellene «respuesta», o escriba «no» en «respondible»."
    ),
    "{} in the column {} is neither yes nor no: write one of them.": (
        "{} en la columna {} no es ni sí ni no: escriba uno de los dos."
    ),
    "{} is no language: write two letters, like es or en.": "{} no es un idioma: escriba dos letras, como es o en.",
    "{} is no split: write calibration or report, or leave it empty.": (
        "{} no es una parte: escriba calibration o report, o déjela vacía."
    ),
    "It has a page or a quote and no document: name the document.": (
        "Tiene página o cita y ningún documento: indique el documento."
    ),
    "{} is no page: write a number from 1, or leave it empty.": (
        "{} no es una página: escriba un número desde 1, o déjela vacía."
    ),
    "{} can't be written ({}): choose another place, or check who may write.": (
        "{} no se puede escribir ({}): elija otro lugar, o revise quién puede escribir."
    ),
    "{} can't be read ({}): name a question set, one JSON object a line.": (
        "{} no se puede leer ({}): indique un conjunto de preguntas, con un objeto JSON por línea."
    ),
    "{} is not UTF-8 text: import it with `midas eval questions import`.": (
        "{} no es texto UTF-8: impórtelo con `midas eval questions import`."
    ),
    "Line {} of {} is not a question ({}: {}): correct it.": "La línea {} de {} no es una pregunta ({}: {}): corríjala.",
    "Line {} of {} is not JSON ({}): write one JSON object a line.": (
        "La línea {} de {} no es JSON ({}): escriba un objeto JSON por línea."
    ),
    "{} has no page {}: correct the page.": "{} no tiene la página {}: corrija la página.",
    "The quote is not on page {} of {} but on page {}: correct the page.": (
        "La cita no está en la página {} de {}, sino en la página {}: corrija la página."
    ),
    "{} does not say “{}”: copy the words as they stand there.": "{} no dice «{}»: copie las palabras tal como están allí.",
    "Ragas made no figure of what the judge {} said.": "Ragas no obtuvo ninguna cifra de lo que dijo el juez {}.",
    "Back end {} is not what it was as this run began (model, version or window): start another with --new.": (
        "El motor {} no es el que era al empezar esta evaluación (modelo, versión o ventana): empiece una nueva."
    ),
    "There are no runs yet: `midas eval run` makes one.": "Todavía no hay evaluaciones: empiece una.",
    "{} is {}: there are {}.": "{} es {}: hay {}.",
    "A judge has no metric {}: there are {}.": "Un juez no tiene la medida {}: hay {}.",
    "{}.json is not JSON ({}): {}.": "{}.json no es JSON ({}): {}.",
    "{}.json has no list of articles under “data”: {}.": "{}.json no tiene una lista de artículos bajo «data»: {}.",
    "It has no list of paragraphs: correct it.": "No tiene lista de párrafos: corríjalo.",
    "It has no text under “context”, so its questions have nothing to be answered from.": (
        "No tiene texto bajo «context», así que sus preguntas no tienen de dónde responderse."
    ),
    "{} is wrong ({}): correct it.": "{} no es válido ({}): corríjalo.",
    "Its question is empty: write it, or take it out.": "Su pregunta está vacía: escríbala, o quítela.",
    "It has no answer and does not say is_impossible: add either.": (
        "No tiene respuesta y no dice is_impossible: añada una de las dos cosas."
    ),
    "Its answer “{}” is not in the paragraph: correct the answer or the paragraph.": (
        "Su respuesta «{}» no está en el párrafo: corrija la respuesta o el párrafo."
    ),
}

FRAGMENTS: dict[str, str] = {
    "row {}": "fila {}",
    "article {}": "artículo {}",
    "article {}, paragraph {}": "artículo {}, párrafo {}",
    "article {}, paragraph {}, question {}": "artículo {}, párrafo {}, pregunta {}",
    "no passage is left to ask about": "no quedan pasajes sobre los que preguntar",
    "there is no reply ({})": "no hay respuesta ({})",
    "the reply is not what was asked for": "la respuesta no es lo que se pidió",
    "the question is none": "la pregunta no lo es",
    "the question points to the passage": "la pregunta alude al pasaje",
    "the question was asked before": "la pregunta ya estaba hecha",
    "the quote is too short": "la cita es demasiado corta",
    "the passage does not say the quote": "el pasaje no dice la cita",
    "the quote does not say the answer": "la cita no dice la respuesta",
    "the question gives the answer away": "la pregunta delata la respuesta",
    "There is no run {}: {}.": "No hay ninguna evaluación {}: {}.",
    "There is no question set {}: {}.": "No hay ningún conjunto de preguntas {}: {}.",
    "There is no load test {}: {}.": "No hay ninguna prueba de carga {}: {}.",
    "There is no question {}: {}.": "No hay ninguna pregunta {}: {}.",
    "there are none yet": "todavía no hay ninguna",
    "There is no file {} and no built-in question set of that name: {}": (
        "No hay ningún archivo {} ni ningún conjunto incluido con ese nombre: {}"
    ),
    "There is no document {}: {}": "No hay ningún documento {}: {}",
    "There is no metric {}: {}": "No hay ninguna medida {}: {}",
    "more than one run": "más de una evaluación",
    "no run": "ninguna evaluación",
    "{} without an answer": "{} sin respuesta",
    "{} from other evidence": "{} con otra evidencia",
    "{} with the same text": "{} con el mismo texto",
    "no questions": "no hay preguntas",
    "gave no verdict in the form that was asked": "no dio un veredicto en la forma pedida",
    "judged {} of {} statements": "juzgó {} de {} afirmaciones",
    "found no statement to judge": "no encontró ninguna afirmación que juzgar",
    "gave the verdict {}, which is neither 0 nor 1": "dio el veredicto {}, que no es ni 0 ni 1",
    "judge with a larger model, or one whose server keeps to a JSON schema": (
        "juzgue con un modelo mayor, o con uno cuyo servidor respete un esquema JSON"
    ),
    "give a file in SQuAD's format, version 1 or 2": "elija un archivo en el formato de SQuAD, versión 1 o 2",
}
"""What sentences are filled with, and sentences that the program puts together."""
