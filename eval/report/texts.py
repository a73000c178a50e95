"""Every text of a report, in Spanish and English (in this order). A text with `{}` fields is filled by `str.format`."""

from __future__ import annotations

from dataclasses import dataclass

from eval.report.numbers import ReportLanguage

TEXTS: dict[str, tuple[str, str]] = {
    # The page
    "report": ("Informe de evaluación", "Evaluation report"),
    "skip": ("Ir al veredicto", "Skip to the verdict"),
    "outline": ("Contenido", "Contents"),
    "phase": ("Fase {n}", "Phase {n}"),
    "footer": (
        "Este archivo lo contiene todo y no se conecta a ninguna parte. Los intervalos son del 95 %.",
        "This file holds everything and connects to nothing. Intervals are at 95%.",
    ),
    "as_table": ("Ver los datos en una tabla", "Show the data as a table"),
    "facts.questions": ("preguntas: {n}", "questions: {n}"),
    "facts.backends": ("motores: {n}", "back ends: {n}"),
    "facts.machine": ("{cpu}, {cores} núcleos, {ram}", "{cpu}, {cores} cores, {ram}"),
    "what": ("Dato", "Item"),
    "value": ("Valor", "Value"),
    "and": ("y", "and"),
    "backend": ("Motor", "Back end"),
    "metric": ("Métrica", "Metric"),
    "meaning": ("Qué mide", "What it measures"),
    "coverage": ("cobertura {share}", "coverage {share}"),
    "or": ("o", "or"),
    "p_best": ("Probabilidad de ser el mejor", "Probability of being the best"),
    # Verdict
    "verdict": ("Veredicto", "Verdict"),
    "verdict.intro": (
        "Qué motor conviene para cada uso, y con qué probabilidad es el mejor con los pesos de la fase 5. La"
        " probabilidad sale de repetir la decisión 4000 veces con preguntas sorteadas de las que se hicieron.",
        "Which back end suits which use, and how probably it is the best with the weights of phase 5. The probability"
        " comes from taking the decision 4,000 times over questions drawn from those that were asked.",
    ),
    "verdict.nothing": ("No hay con qué decidir.", "There is nothing to decide on."),
    "headline.clear": ("Para el uso diario, el mejor es {backend}.", "For everyday use, {backend} is the best."),
    "headline.likely": (
        "Para el uso diario, el mejor es probablemente {backend}.",
        "For everyday use, {backend} is probably the best.",
    ),
    "headline.open": (
        "Para el uso diario, estos datos no deciden entre {others}.",
        "For everyday use, these data do not decide between {others}.",
    ),
    "headline.alone": (
        "Solo se midió {backend}: no hay con qué compararlo.",
        "Only {backend} was measured: there is nothing to compare it with.",
    ),
    "headline.nothing": ("Estos datos no bastan para decidir.", "These data are not enough to decide."),
    "headline.few": (
        "Con {n} preguntas comunes a todos los motores no se puede decidir.",
        "With {n} questions that every back end was asked, nothing can be decided.",
    ),
    "few": ("Faltan preguntas", "Too few questions"),
    "sentence.few": (
        "Todos los motores respondieron a {n} preguntas; con menos de {least}, los sorteos aparentan más seguridad de la"
        " que hay.",
        "Every back end was asked {n} questions; with fewer than {least}, the draws seem surer than they are.",
    ),
    "use": ("Uso", "Use"),
    "use.everyday": ("Uso diario", "Everyday use"),
    "use.exact": ("Cuando un error sale caro", "When a mistake is costly"),
    "use.quick": ("Consultas rápidas", "Quick look-ups"),
    "use.thrifty": ("Mucho volumen, poco presupuesto", "High volume, small budget"),
    "use.private": ("Documentos que no salen de la empresa", "Documents that stay in the company"),
    "outcome.clear": ("claro", "clear"),
    "outcome.likely": ("probable", "likely"),
    "outcome.open": ("sin decidir", "not decided"),
    "sentence.clear": ("El mejor en el {share} de los sorteos.", "The best in {share} of the draws."),
    "sentence.likely": ("El mejor en el {share} de los sorteos.", "The best in {share} of the draws."),
    "sentence.open": ("No se distinguen {others}.", "{others} can't be told apart."),
    "sentence.more": (
        "Con esta diferencia harían falta unas {needed} preguntas para decidir; hubo {asked}.",
        "With this difference, it would take about {needed} questions to decide; there were {asked}.",
    ),
    "sentence.same": (
        "Están tan igualados que harían falta más de {most} preguntas para decidir.",
        "They are so close that it would take more than {most} questions to decide.",
    ),
    "alone.badge": ("sin comparación", "no comparison"),
    "alone.sentence": ("Es el único que hay.", "It is the only one there is."),
    "criterion": ("Criterio", "Criterion"),
    "criterion.correctness": ("Acierto", "Correctness"),
    "criterion.faithfulness": ("Fidelidad", "Faithfulness"),
    "criterion.abstention": ("Saber callar", "Knowing when to decline"),
    "criterion.speed": ("Rapidez", "Speed"),
    "criterion.cost": ("Coste", "Cost"),
    "criterion.missing": (
        "{criterion} no cuenta en el veredicto, porque no se ha medido en todos los motores. Se mide con",
        "{criterion} does not count in the verdict, because it was not measured for every back end. Measure it with",
    ),
    "judge.unknown": (
        "No se sabe cuánto acierta el juez {judge}, así que sus notas no cuentan para clasificar. Se mide con",
        "Nobody knows how often the judge {judge} is right, so its scores do not count for ranking. Measure it with",
    ),
    "judge.weak": (
        "Las notas del juez {judge} no cuentan para clasificar: su kappa es {kappa} ({n} veredictos, cobertura"
        " {coverage}). Para contar hacen falta {needed}, {least} veredictos y una cobertura del {covered}.",
        "The scores of the judge {judge} do not count for ranking: its kappa is {kappa} ({n} verdicts, coverage"
        " {coverage}). To count, it takes {needed}, {least} verdicts and a coverage of {covered}.",
    ),
    "changes": ("Qué cambiaría la elección para «{use}»:", "What would change the choice for “{use}”:"),
    "changes.none": (
        "Nada de lo medido: gana con cualquier peso, y ningún otro lo alcanzaría mejorando en un solo criterio.",
        "Nothing that was measured: it wins with any weights, and no other would draw level by one criterion alone.",
    ),
    "change.above": (
        "Si «{criterion}» pesara más del {at} (ahora {now}), ganaría {winner}.",
        "If “{criterion}” weighed more than {at} (now {now}), {winner} would win.",
    ),
    "change.below": (
        "Si «{criterion}» pesara menos del {at} (ahora {now}), ganaría {winner}.",
        "If “{criterion}” weighed less than {at} (now {now}), {winner} would win.",
    ),
    "change.improve": (
        "{backend} igualaría a {best} si en «{criterion}» pasara de {now} a {needed}.",
        "{backend} would draw level with {best} if its “{criterion}” went from {now} to {needed}.",
    ),
    # Quality, waiting, cost
    "tradeoff": ("Calidad, espera y coste", "Quality, waiting, cost"),
    "tradeoff.intro": (
        "Arriba y a la izquierda está lo mejor: respuestas buenas y pronto.",
        "The best is at the top left: good answers, soon.",
    ),
    "tradeoff.title": ("Lo que se gana y lo que se espera", "What you gain and what you wait for"),
    "tradeoff.caption": (
        "El tamaño del círculo es lo que cuesta una respuesta. Círculo hueco: otro motor es al menos igual de bueno en"
        " todo. Las rayas son los intervalos del 95 %.",
        "The size of a circle is what an answer costs. Hollow: another back end is at least as good in everything. Lines"
        " are 95% intervals.",
    ),
    "tradeoff.caption_no_cost": (
        "Círculo hueco: otro motor es al menos igual de bueno en todo. Las rayas son los intervalos del 95 %.",
        "Hollow: another back end is at least as good in everything. Lines are 95% intervals.",
    ),
    "tradeoff.nothing": ("Falta medir calidad o espera.", "Quality or waiting was not measured."),
    "frontier": ("¿Superado en todo?", "Beaten in everything?"),
    "frontier.yes": ("no", "no"),
    "frontier.no": ("sí", "yes"),
    "cost.answer": ("Coste por respuesta", "Cost per answer"),
    # Phase 0
    "preparation": ("Preparación", "Preparation"),
    "preparation.intro": (
        "Qué se preguntó, a qué motores, sobre qué documentos y en qué máquina.",
        "What was asked, of which back ends, about which documents, and on which machine.",
    ),
    "unfinished": (
        "La evaluación {run} no ha terminado: este informe cuenta lo que hay. El mismo «midas eval run» la continúa.",
        "The run {run} is not finished: this report tells what is there. The same “midas eval run” goes on with it.",
    ),
    "questions.title": ("Preguntas", "Questions"),
    "questions.asked": ("Preguntas", "Questions"),
    "questions.unanswerable": ("… sin respuesta en los documentos", "… without an answer in the documents"),
    "questions.plain": ("… hechas sin documentos", "… asked without documents"),
    "questions.languages": ("Idiomas", "Languages"),
    "questions.repeats": ("Veces que se hizo cada una", "Times each was asked"),
    "questions.left_out": ("Candidatas sin aceptar, no hechas", "Candidates not accepted, not asked"),
    "evidence.mode": ("Evidencia", "Evidence"),
    "evidence.frozen": (
        "buscada una vez por pregunta: los motores solo difieren en lo que escriben",
        "found once per question: back ends differ only in what they write",
    ),
    "evidence.live": ("buscada para cada respuesta, como en el uso diario", "found for every answer, as in everyday use"),
    "evidence.none": ("ninguna: preguntas sin documentos", "none: questions without documents"),
    "documents.title": ("Documentos", "Documents"),
    "documents.collection": ("Colección", "Collection"),
    "documents.count": ("Documentos", "Documents"),
    "documents.chunks": ("Pasajes", "Passages"),
    "documents.embedder": ("Vectores", "Embedder"),
    "documents.chunking": ("{tokens} tokens, {dimension} dimensiones", "{tokens} tokens, {dimension} dimensions"),
    "documents.digest": ("Huella", "Digest"),
    "engines.title": ("Motores", "Back ends"),
    "engine.kind": ("Clase", "Kind"),
    "engine.model": ("Modelo", "Model"),
    "engine.place": ("Dónde", "Where"),
    "engine.window": ("Contexto", "Context"),
    "engine.version": ("Versión", "Version"),
    "tokens": ("{n} tokens", "{n} tokens"),
    "place.cloud": ("en la nube", "in the cloud"),
    "place.here": ("en esta máquina", "on this machine"),
    "place.company": ("en otra máquina de la empresa", "on another machine of the company"),
    "machine.title": ("Máquina", "Machine"),
    "machine.cpu": ("Procesador", "Processor"),
    "machine.cores": ("{cpu}, {cores} núcleos", "{cpu}, {cores} cores"),
    "machine.ram": ("Memoria", "Memory"),
    "machine.gpus": ("Tarjetas gráficas", "Graphics cards"),
    "machine.no_gpus": ("ninguna", "none"),
    "machine.system": ("Sistema", "System"),
    # Phase 1
    "search": ("¿Se encuentra la evidencia?", "Is the evidence found?"),
    "search.intro": (
        "Un modelo solo puede acertar si los pasajes que recibe contienen la respuesta.",
        "A model can only be right if the passages it gets hold the answer.",
    ),
    "search.none": ("La búsqueda no se ha puntuado. Se puntúa con", "Retrieval was not scored. Score it with"),
    "search.same": (
        "La evidencia se buscó una sola vez por pregunta, así que estas cifras son casi iguales para todos los motores:"
        " solo cambia cuánta les cabe.",
        "The evidence was found once per question, so these figures are nearly the same for all back ends: only how much"
        " they can take in differs.",
    ),
    # Phase 2
    "quality": ("¿Son buenas las respuestas?", "Are the answers good?"),
    "quality.intro": (
        "Cada cifra lleva su intervalo del 95 % y las preguntas en que se apoya (n).",
        "Every figure has its 95% interval and the number of questions behind it (n).",
    ),
    "metrics.title": ("Lo principal, de un vistazo", "The main figures at a glance"),
    "metrics.caption": (
        "Cada punto es un motor; la raya, su intervalo del 95 %. Cuanto más a la derecha, mejor.",
        "Each point is a back end, the line its 95% interval. Further right is better.",
    ),
    "metrics.none": ("Las respuestas no se han puntuado. Se puntúan con", "The answers were not scored. Score them with"),
    "metrics.table": ("Todas las métricas sin juez", "All metrics that need no judge"),
    "metrics.meanings": ("Qué mide cada métrica, y de dónde sale", "What each metric measures, and where it comes from"),
    "marks": (
        "● es el mejor de su fila. ≈ no se distingue del mejor: la diferencia puede ser azar (5 %, comparación por preguntas,"
        " corregida por Holm).",
        "● is the best of its row. ≈ can't be told apart from the best: the difference may be chance (5%, compared question by"
        " question, adjusted by Holm).",
    ),
    "strata.title": ("Dónde acierta y dónde falla: {metric}", "Where it is right and where it fails: {metric}"),
    "strata.caption": (
        "Los grupos pequeños tienen intervalos anchos: léanse como indicios. Los grupos se solapan.",
        "Small groups have wide intervals: read them as hints. Groups overlap.",
    ),
    "strata.documents": ("Por documento ({n})", "By document ({n})"),
    "stratum.language": ("Idioma: {value}", "Language: {value}"),
    "stratum.language.es": ("En español", "In Spanish"),
    "stratum.language.en": ("En inglés", "In English"),
    "stratum.answerable": ("{value}", "{value}"),
    "stratum.answerable.yes": ("Con respuesta en los documentos", "With an answer in the documents"),
    "stratum.answerable.no": ("Sin respuesta en los documentos", "Without an answer in the documents"),
    "stratum.document": ("{value}", "{value}"),
    "stratum.tag": ("Etiqueta: {value}", "Tag: {value}"),
    "abstention.title": (
        "¿Responde cuando puede y se abstiene cuando debe?",
        "Does it answer when it can, and decline when it should?",
    ),
    "abstention.caption": (
        "Verde: lo que debía hacer. Ocre: se abstuvo sin necesidad. Rojo: respondió lo que los documentos no dicen.",
        "Green: what it should do. Ochre: declined without need. Red: answered what the documents do not say.",
    ),
    "abstention.answered": ("responde", "answers"),
    "abstention.declined": ("se abstiene", "declines"),
    "abstention.answerable": ("con respuesta (n = {n})", "with an answer (n = {n})"),
    "abstention.unanswerable": ("sin respuesta (n = {n})", "without an answer (n = {n})"),
    "abstention.aa": ("Responde, y podía", "Answered, could"),
    "abstention.da": ("Se abstiene, y podía", "Declined, could"),
    "abstention.du": ("Se abstiene, y debía", "Declined, should"),
    "abstention.au": ("Responde, y no debía", "Answered, should not"),
    "abstention.errors": ("Errores", "Errors"),
    "judge.none": (
        "Ningún modelo ha juzgado las respuestas. Se juzgan con",
        "No model has judged the answers. Have them judged with",
    ),
    "judge.title": ("Métricas del juez {judge}", "Metrics of the judge {judge}"),
    "judge.trusted": (
        "Este juez acierta lo bastante para que sus notas cuenten en el veredicto.",
        "This judge is right often enough for its scores to count in the verdict.",
    ),
    "judge.calibration": (
        "Calibración del juez {judge} ({n} frases de verdad conocida)",
        "Calibration of the judge {judge} ({n} statements of known truth)",
    ),
    "judge.kappa": ("Kappa de Cohen", "Cohen's kappa"),
    "judge.agreement": ("Acierta", "Agreement"),
    "judge.missed": ("Deja pasar lo falso", "Lets pass what is false"),
    "judge.false_alarms": ("Rechaza lo cierto", "Refuses what is true"),
    "judge.flips": ("Cambia de opinión con el orden", "Changes its mind with the order"),
    "judge.position": ("Favorece lo que va antes", "Favours what comes early"),
    "judge.length": ("Favorece lo largo", "Favours what is long"),
    "judge.errors": ("Errores que descubre: {list}.", "Errors it finds: {list}."),
    # Phase 3
    "speed": ("¿Cuánto se espera y cuánto ocupa?", "How long is the wait, and how much does it take?"),
    "speed.intro": (
        "Lo que tarda una respuesta con la máquina para ella sola, lo que ocupa el motor y lo que pasa cuando preguntan"
        " varios.",
        "How long an answer takes with the machine to itself, what the back end takes up, and what happens when many ask.",
    ),
    "speed.none": ("No se midió la espera. Se mide con", "Waiting was not measured. Measure it with"),
    "speed.table": ("Medianas, con su intervalo del 95 %", "Medians, with their 95% intervals"),
    "waits.title": ("Tiempo hasta la respuesta comprobada", "Time to the verified answer"),
    "waits.caption": (
        "Qué parte de las respuestas estaba lista tras ese tiempo. Cuanto más a la izquierda, mejor.",
        "What part of the answers was ready after that time. Further left is better.",
    ),
    "axis.wait": ("espera", "waiting"),
    "axis.answers": ("respuestas listas", "answers ready"),
    "axis.gigabytes": ("gigabytes", "gigabytes"),
    "axis.closed": ("personas preguntando a la vez", "people asking at once"),
    "axis.poisson": ("preguntas que llegan por segundo", "questions arriving per second"),
    "axis.per_minute": ("respuestas por minuto", "answers per minute"),
    "quantile.p50": ("La mitad, en menos de", "Half take less than"),
    "quantile.p95": ("19 de cada 20, en menos de", "19 of 20 take less than"),
    "quantile.p99": ("99 de cada 100, en menos de", "99 of 100 take less than"),
    "percentiles": (
        "Los percentiles solo se dan con muestras suficientes: {p95} para el 95 y {p99} para el 99.",
        "Percentiles are only given with enough samples: {p95} for the 95th, {p99} for the 99th.",
    ),
    "gaps": ("Pausa entre trozos de texto", "Gap between pieces of text"),
    "gaps.p95": ("percentil 95: {value}", "95th percentile: {value}"),
    "start.title": ("En frío y en caliente", "Cold and warm"),
    "start.caption": (
        "Tiempo hasta la primera palabra: el círculo hueco, con las instrucciones y la evidencia ya leídas; el lleno,"
        " sin haber leído nada.",
        "Time to the first token: the hollow circle when the prompt was read before; the full one when nothing was.",
    ),
    "start.none": ("No se midió el arranque. Se mide con", "Starting was not measured. Measure it with"),
    "start.server": (
        "El servicio con {backend} escucha {listening} después de arrancar y está listo a los {ready}.",
        "The service with {backend} listens {listening} after its start and is ready after {ready}.",
    ),
    "axis.first": ("tiempo hasta la primera palabra", "time to first token"),
    "memory.title": ("Memoria: en reposo y en su máximo", "Memory: idle and at its peak"),
    "memory.caption": (
        "Del motor y todos sus procesos ({method}). El círculo hueco es en reposo; el lleno, el máximo.",
        "Of the back end and all its processes ({method}). The hollow circle is idle, the full one the peak.",
    ),
    "memory.none": ("No se midió la memoria. Se mide con", "Memory was not measured. Measure it with"),
    "load.none": (
        "No se midió con varias personas a la vez. Se mide con",
        "It was not measured with several people at once. Measure it with",
    ),
    "load.closed": ("personas que preguntan sin parar", "people who never stop asking"),
    "load.poisson": ("preguntas que llegan al azar", "questions that arrive at random"),
    "load.waits": ("La espera según la carga ({kind})", "Waiting under load ({kind})"),
    "load.waits.caption": (
        "Medianas. Línea continua: respuesta entera; a trazos: primer texto. El anillo es el codo: más allá, la espera"
        " crece más que las respuestas.",
        "Medians. Solid line: whole answer; dashed: first text. The ring is the knee: beyond it, waiting grows faster"
        " than answers.",
    ),
    "load.answers": ("Las respuestas según la carga ({kind})", "Answers under load ({kind})"),
    "load.answers.caption": (
        "Línea continua: todas las respuestas enteras; a trazos: las que llegaron dentro del objetivo.",
        "Solid line: all whole answers; dashed: those that came within the objective.",
    ),
    "load.level": ("Motor · carga", "Back end · load"),
    "load.asked": ("Preguntas", "Asked"),
    "load.failed": ("Fallidas", "Failed"),
    "load.first": ("Primer texto", "First text"),
    "load.whole": ("Respuesta entera", "Whole answer"),
    "load.p95": ("Percentil 95", "95th percentile"),
    "load.throughput": ("Respuestas por minuto", "Answers per minute"),
    "load.goodput": ("Dentro del objetivo, por minuto", "Within the objective, per minute"),
    "load.within": ("Dentro del objetivo", "Within the objective"),
    "load.truncated": ("Cortadas", "Cut short"),
    "load.lost": ("Citan menos", "Cite less"),
    "load.changed": ("Otra decisión", "Other decision"),
    "load.knee": ("{backend}: el codo está en {load}.", "{backend}: the knee is at {load}."),
    "load.carried": (
        "{backend} cumple el objetivo ({objective}) hasta {load}.",
        "{backend} keeps the objective ({objective}) up to {load}.",
    ),
    "load.not_carried": (
        "{backend} no cumple el objetivo ({objective}) con ninguna carga.",
        "{backend} keeps the objective ({objective}) at no load.",
    ),
    "load.of_closed": ("{load} personas a la vez", "{load} people at once"),
    "load.of_poisson": ("{load} preguntas por segundo", "{load} questions per second"),
    "load.busy": (
        "Quien preguntaba iba justo de procesador: los tiempos pueden ser demasiado largos.",
        "Whoever asked was short of processor: times may be too long.",
    ),
    "load.quality": (
        "De {asked} preguntas fallaron {failed}; {worse} respuestas salieron cortadas, con menos citas o con otra"
        " decisión que sin carga.",
        "Of {asked} questions {failed} failed; {worse} answers were cut short, cited less, or decided otherwise than"
        " without load.",
    ),
    "slo.ttft": ("primer texto en {limit}", "first text within {limit}"),
    "slo.e2e": ("respuesta en {limit}", "answer within {limit}"),
    # Phase 4
    "people": ("¿Qué prefieren las personas?", "What do people prefer?"),
    "people.intro": (
        "Votos a ciegas entre dos respuestas a la misma pregunta, y notas de 1 a 5.",
        "Blind votes between two answers to the same question, and marks from 1 to 5.",
    ),
    "votes.none": ("Nadie ha votado. Se prepara con", "Nobody has voted. Prepare it with"),
    "votes.title": (
        "Qué respuesta se prefirió, sin saber de quién era",
        "Which answer was preferred, not knowing whose it was",
    ),
    "votes.caption": (
        "En gris, entre los dos: primero los empates, después las veces en que ninguna valía.",
        "In grey, between the two: first the ties, then both bad.",
    ),
    "votes.pair": ("{first} frente a {second} (n = {n})", "{first} against {second} (n = {n})"),
    "votes.duel": ("Pareja", "Pair"),
    "votes.first": ("El primero", "The first"),
    "votes.second": ("El segundo", "The second"),
    "votes.tie": ("empate", "tie"),
    "votes.both_bad": ("ninguna", "both bad"),
    "votes.share": ("Preferencia por el primero", "Preference for the first"),
    "votes.needed": ("Votos que faltan", "Votes to go"),
    "votes.decided": ("decidido", "decided"),
    "votes.level": ("igualados", "level"),
    "votes.preferred": ("Se prefiere a los otros", "Preferred to the others"),
    "votes.strengths": ("Todos en una escala (Bradley-Terry)", "All on one scale (Bradley-Terry)"),
    "votes.count": (
        "{votes} votos de {voters} personas sobre {questions} preguntas.",
        "{votes} votes of {voters} people on {questions} questions.",
    ),
    "votes.consistent": ("Repetidas a escondidas, se votó igual el {share}.", "Repeated in secret, {share} were voted alike."),
    "votes.identical": ("Dos veces la misma respuesta: empate el {share}.", "The same answer twice: {share} ties."),
    "votes.left": ("Se eligió la izquierda el {share} de las veces.", "The left side was chosen {share} of the time."),
    "votes.time": ("Mediana por voto: {time}.", "Median per vote: {time}."),
    "votes.careless": ("Son votos poco atentos: tómense con cautela.", "These votes are careless: take them with caution."),
    "votes.by_voter": ("Los intervalos valen para otras personas como ellas.", "Intervals hold for other people like them."),
    "votes.by_question": (
        "Con tan pocas personas, los intervalos valen solo para ellas.",
        "With so few people, intervals hold for them only.",
    ),
    "form.title": ("Notas de las personas, de 1 a 5", "People's marks, from 1 to 5"),
    "form.none": ("Nadie ha puesto notas. El formulario se saca con", "Nobody has given marks. Get the form with"),
    # Phase 5
    "money": ("Coste y decisión", "Cost and decision"),
    "money.intro": (
        "Lo que cuesta cada motor, y en qué se apoya el veredicto.",
        "What each back end costs, and what the verdict rests on.",
    ),
    "cost.none": ("No se ha podido calcular el coste. Se calcula con", "Cost could not be computed. Compute it with"),
    "cost.told": (
        "Con {volume} respuestas al mes y precios de {day}, sin IVA. Son supuestos con su fuente (más abajo): los"
        " propios se escriben en costs.toml.",
        "At {volume} answers a month and prices of {day}, without VAT. These are assumptions with their sources (below):"
        " write your own into costs.toml.",
    ),
    "cost.table": ("Lo que cuesta cada motor", "What each back end costs"),
    "cost.good": ("Por respuesta correcta y fiel", "Per correct and faithful answer"),
    "cost.million": ("Por millón de tokens", "Per million tokens"),
    "cost.month": ("Al mes", "Per month"),
    "cost.machines": ("Máquinas", "Machines"),
    "cost.unplaced.no_answers": ("{backend} no tiene coste: no respondió.", "{backend} has no cost: it gave no answers."),
    "cost.unplaced.no_hardware": (
        "{backend} no tiene coste: ninguna clase de máquina corresponde a la suya; nómbrela en costs.toml,"
        " [backends.{backend}] hardware.",
        "{backend} has no cost: no class of machine fits its own; name one in costs.toml, [backends.{backend}] hardware.",
    ),
    "cost.unplaced.no_price": (
        "{backend} no tiene coste: su modelo no tiene precio; añádalo a costs.toml, [api.MODELO].",
        "{backend} has no cost: its model has no price; add one to costs.toml, [api.MODEL].",
    ),
    "cost.curves": ("Lo que cuesta un mes, según cuánto se pregunte", "What a month costs, by how much is asked"),
    "cost.curves.caption": (
        "De puntos, las API más barata y más cara de la tabla, si escribieran lo mismo. La raya vertical es el volumen"
        " supuesto. Donde la línea de un motor cae bajo la de una API, se amortiza.",
        "Dotted: the cheapest and the dearest API of the table, if they wrote the same. The vertical line is the assumed"
        " volume. Where a back end's line falls below an API's, it breaks even.",
    ),
    "axis.volume": ("respuestas al mes", "answers a month"),
    "axis.eur_month": ("euros al mes", "euros a month"),
    "axis.eur_answer": ("euros por respuesta", "euros per answer"),
    "cost.break_even": (
        "Desde cuántas respuestas al mes sale más barato que cada API",
        "From how many answers a month it is cheaper than each API",
    ),
    "cost.api": ("API", "API"),
    "cost.never": ("nunca", "never"),
    "cost.always": ("siempre", "always"),
    "cost.needs": ("máquinas: {n}", "machines: {n}"),
    "cost.swings": ("Qué mueve el coste de una respuesta de {backend}", "What moves the cost of an answer of {backend}"),
    "cost.swings.caption": (
        "Del extremo bajo de cada supuesto (hueco) al alto (lleno), con los demás en su valor.",
        "From the low end of each assumption (hollow) to the high one (full), the others at their value.",
    ),
    "cost.figure": ("Supuesto", "Assumption"),
    "cost.low": ("En el extremo bajo", "At the low end"),
    "cost.high": ("En el extremo alto", "At the high end"),
    "cost.classes": (
        "Clases de máquina, propias y alquiladas, si con una basta",
        "Classes of machine, own and rented, if one is enough",
    ),
    "cost.class": ("Máquina", "Machine"),
    "cost.rented": ("alquilada: {title}", "rented: {title}"),
    "cost.price": ("Precio", "Price"),
    "cost.hour": ("Una hora, todo incluido", "An hour, all told"),
    "cost.pace": ("Respuestas por minuto que hacen falta", "Answers per minute it must give"),
    "cost.tunings": ("Afinar un modelo", "Fine-tuning a model"),
    "cost.once": ("Una vez", "Once"),
    "cost.figures": ("Los supuestos y de dónde salen", "The assumptions and where they come from"),
    "cost.range": ("Margen", "Range"),
    "cost.as_of": ("Fecha y base", "Date and basis"),
    "cost.source": ("Fuente", "Source"),
    "basis.published": ("publicado", "published"),
    "basis.secondary": ("de segunda mano", "second-hand"),
    "basis.estimate": ("estimado", "estimated"),
    "basis.yours": ("suyo", "yours"),
    "figure.usd_per_eur": ("Dólares por euro", "Dollars per euro"),
    "figure.electricity_eur_per_kwh": ("Electricidad (€/kWh)", "Electricity (€/kWh)"),
    "figure.pue": ("Refrigeración y pérdidas (PUE)", "Cooling and losses (PUE)"),
    "figure.life_years": ("Vida de la máquina (años)", "Life of a machine (years)"),
    "figure.maintenance_share_per_year": ("Mantenimiento (parte del precio al año)", "Maintenance (share of the price a year)"),
    "figure.people_hours_per_month": ("Horas de personas al mes, máquina propia", "People's hours a month, own machine"),
    "figure.people_hours_per_further_machine": (
        "Horas de personas al mes, cada máquina más",
        "People's hours a month, each further machine",
    ),
    "figure.people_hours_cloud_gpu_per_month": (
        "Horas de personas al mes, máquina alquilada",
        "People's hours a month, rented machine",
    ),
    "figure.people_hours_api_per_month": ("Horas de personas al mes, API", "People's hours a month, API"),
    "figure.people_eur_per_hour": ("Hora de persona (€)", "An hour of a person (€)"),
    "figure.utilisation": ("Parte del mes en uso, como mucho", "Share of the month in use, at most"),
    "figure.answers_per_month": ("Respuestas al mes", "Answers a month"),
    "figure.cloud_gpu_hours_per_month": ("Horas de alquiler al mes", "Rented hours a month"),
    "figure.tuning_tokens_millions": ("Texto para afinar (millones de tokens)", "Text for fine-tuning (million tokens)"),
    "figure.tuning_epochs": ("Pasadas al afinar", "Epochs of fine-tuning"),
    "figure.tuning_people_hours": ("Horas de personas por afinado", "People's hours per fine-tuning"),
    "figure.tunings_per_year": ("Afinados al año", "Fine-tunings a year"),
    "figure.answers_per_s": ("Respuestas por segundo", "Answers per second"),
    "figure.card_usd": ("Tarjeta ($)", "Card ($)"),
    "figure.host_eur": ("Ordenador (€)", "Computer (€)"),
    "figure.power_w": ("Potencia trabajando (W)", "Power at work (W)"),
    "figure.idle_w": ("Potencia en reposo (W)", "Idle power (W)"),
    "figure.input_usd": ("Millón de tokens leídos ($)", "Million tokens read ($)"),
    "figure.output_usd": ("Millón de tokens escritos ($)", "Million tokens written ($)"),
    "figure.cached_usd": ("Millón de tokens en caché ($)", "Million tokens cached ($)"),
    "figure.usd_per_hour": ("Hora de alquiler ($)", "Rented hour ($)"),
    "figure.gpu_hours": ("Horas de tarjeta", "Card hours"),
    "figure.usd_per_million": ("Millón de tokens afinados ($)", "Million tokens fine-tuned ($)"),
    "basis": (
        "El veredicto se apoya en {n} preguntas que se hicieron a todos los motores. Se mide así: {parts}. La rapidez"
        " vale 1 hasta {fast} y 0 desde {slow}; el coste, 1 hasta {cheap} por respuesta y 0 desde {dear}; entre medias,"
        " en escala logarítmica.",
        "The verdict rests on {n} questions that every back end was asked. It is measured so: {parts}. Speed is worth 1"
        " up to {fast} and 0 from {slow}; cost, 1 up to {cheap} an answer and 0 from {dear}; logarithmic in between.",
    ),
    "measure": ("«{title}»", "“{title}”"),
    "measure.abstention": ("responder o abstenerse como se debe", "answering or declining as one should"),
    "weights.caption": ("Pesos de cada uso", "Weights of each use"),
    "weight.now": ("Peso actual", "Weight now"),
    "weight.winners": ("Quién gana según el peso", "Who wins by weight"),
    "stability.title": (
        "Quién ganaría para el uso diario con otros pesos",
        "Who would win for everyday use with other weights",
    ),
    "stability.caption": (
        "Cada franja mueve el peso de un criterio de 0 a 100 %; los demás guardan su proporción. La raya es el peso actual.",
        "Each strip moves the weight of one criterion from 0 to 100%; the others keep their proportion. The tick is the"
        " weight now.",
    ),
    "shares.caption": (
        "Con qué frecuencia gana cada uno si cada peso cambia hasta en la mitad de su valor",
        "How often each wins when every weight changes by up to half of itself",
    ),
    "weights.any": ("Con pesos cualesquiera", "With any weights at all"),
    # Questions one by one
    "drill": ("Pregunta a pregunta", "Question by question"),
    "drill.intro": (
        "La evidencia, lo que respondió cada motor, lo que citó y lo que se comprobó.",
        "The evidence, what each back end answered, what it cited, and what was checked.",
    ),
    "drill.reference": ("Respuesta esperada", "Expected answer"),
    "drill.unanswerable": (
        "Los documentos no la tienen: hay que abstenerse.",
        "The documents have none: it should be declined.",
    ),
    "drill.sources": ("Documentos", "Documents"),
    "drill.tags": ("Etiquetas", "Tags"),
    "drill.repeat": ("vez {n}", "time {n}"),
    "drill.no_model": ("sin preguntar al modelo", "no model was asked"),
    "drill.tokens": ("{prompt} + {out} tokens", "{prompt} + {out} tokens"),
    "drill.held": ("{held} de {all} frases respaldadas", "{held} of {all} sentences supported"),
    "drill.dropped": ("{n} citas inventadas", "{n} invented citations"),
    "drill.fallback": ("en lugar de {backend}", "in place of {backend}"),
    "drill.failed": ("falló", "failed"),
    "outcome.right": ("acierta", "right"),
    "outcome.wrong": ("falla", "wrong"),
    "outcome.neutral": ("sin puntuar", "not scored"),
    "outcome.error": ("error", "error"),
    "outcome.declined": ("se abstiene", "declined"),
    "unit.page": ("página", "page"),
    "unit.slide": ("diapositiva", "slide"),
    "unit.sheet": ("hoja", "sheet"),
    "unit.record": ("registro", "record"),
    "all_questions": ("Todas", "All"),
    "only_different": ("Donde los motores difieren", "Where back ends differ"),
    "only_wrong": ("Donde alguno falla", "Where one fails"),
    "find": ("Buscar en preguntas y respuestas", "Search questions and answers"),
    "show": ("Mostrar", "Show"),
    "questions": ("preguntas", "questions"),
    "evidence": ("Pasajes que se mostraron", "Passages that were shown"),
    # Baseline
    "baseline": ("Cambios frente a la referencia", "Changes against the baseline"),
    "baseline.none": (
        "No se ha comparado con una evaluación anterior. Se compara con",
        "It was not compared with an earlier run. Compare it with",
    ),
    "baseline.told": (
        "Comparado con {before} en {n} preguntas comunes, una a una.",
        "Compared with {before} on {n} questions that both asked, one by one.",
    ),
    "baseline.title": ("Cuánto ha cambiado cada métrica", "How much each metric has changed"),
    "baseline.caption": (
        "A la derecha del cero ha subido. Lo que cruza el cero puede ser azar.",
        "Right of zero it went up. What crosses zero may be chance.",
    ),
    "baseline.same": ("Todo lo que decide sobre las respuestas era igual.", "All that decides about the answers was the same."),
    "baseline.conditions": ("Además es distinto: {names}.", "Also different: {names}."),
    "baseline.altered": ("{n} preguntas han cambiado y no se comparan.", "{n} questions were changed and are not compared."),
    "baseline.dropped": ("{n} preguntas ya no están.", "{n} questions are gone."),
    "baseline.added": ("{n} preguntas son nuevas.", "{n} questions are new."),
    "baseline.unanswered": ("{backend} deja {n} de ellas sin responder.", "{backend} has no answer to {n} of them."),
    "baseline.before": ("Antes", "Before"),
    "baseline.after": ("Ahora", "Now"),
    "baseline.effect": ("Cambio medio", "Mean change"),
    "baseline.flips": ("Mejor y peor", "Better and worse"),
    "baseline.worse": ("peor: {names}", "worse: {names}"),
    "baseline.proven": ("demostrado", "proven"),
    "baseline.chance": ("puede ser azar", "may be chance"),
    "baseline.others": ("Tiempos y velocidades", "Times and speeds"),
    "less_is_better": ("{title} (menos es mejor)", "{title} (less is better)"),
    "baseline.p": ("p (Holm)", "p (Holm)"),
    # Manifest
    "manifest": ("Manifiesto", "Manifest"),
    "manifest.intro": ("Lo que hace falta para repetirlo.", "What it takes to repeat this."),
    "manifest.command": ("Orden", "Command"),
    "manifest.times": ("Principio y fin (UTC)", "Start and end (UTC)"),
    "manifest.open": ("sin terminar", "not finished"),
    "manifest.commit": ("Versión del código", "Code version"),
    "manifest.dirty": ("(con cambios)", "(with changes)"),
    "manifest.code": ("Huella del código", "Code digest"),
    "manifest.questions": ("Preguntas", "Questions"),
    "manifest.prompts": ("Huella de las instrucciones", "Digest of the prompts"),
    "manifest.collection": ("Colección {name}", "Collection {name}"),
    "manifest.retrieval": ("Búsqueda", "Retrieval"),
    "manifest.sampling": ("Muestreo", "Sampling"),
    "manifest.backend": ("Motor {name}", "Back end {name}"),
    "manifest.judge": ("Juez", "Judge"),
    "manifest.prices": ("Huella de los precios", "Digest of the prices"),
    "manifest.dependencies": ("Dependencias", "Dependencies"),
    "manifest.fingerprint": ("Huella de la evaluación", "Fingerprint of the run"),
}


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts in one language."""

    language: ReportLanguage

    def __call__(self, name: str, /, **fields: object) -> str:
        """Raises KeyError for a name that is none."""
        return TEXTS[name][self.language == "en"].format(**fields)

    def get(self, name: str) -> str | None:
        """A text without fields, if there is one of this name."""
        return TEXTS[name][self.language == "en"] if name in TEXTS else None
