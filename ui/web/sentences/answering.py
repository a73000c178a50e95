"""Sentences of `assistant`: back ends, models, answers. English with its Spanish; `{}` is what is filled in."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "The question is empty: write one.": "La pregunta está vacía: escriba una.",
    "The model failed several times and rests for a while: try again later, choose another one, or tell an admin of Midas.": (
        "El modelo ha fallado varias veces y está en pausa: inténtelo más tarde, elija otro o avise a quien administra Midas."
    ),
    "The model can't be reached: try again later, choose another one, or tell an admin of Midas.": (
        "No se puede contactar con el modelo: inténtelo más tarde, elija otro o avise a quien administra Midas."
    ),
    "The model takes too long: try again later, choose another one, or tell an admin of Midas.": (
        "El modelo tarda demasiado: inténtelo más tarde, elija otro o avise a quien administra Midas."
    ),
    "The model sent an empty answer: try again later, choose another one, or tell an admin of Midas.": (
        "El modelo ha enviado una respuesta vacía: inténtelo más tarde, elija otro o avise a quien administra Midas."
    ),
    "The model has too much to do: try again later, choose another one, or tell an admin of Midas.": (
        "El modelo está saturado: inténtelo más tarde, elija otro o avise a quien administra Midas."
    ),
    "The model failed: try again later, choose another one, or tell an admin of Midas.": (
        "El modelo ha fallado: inténtelo más tarde, elija otro o avise a quien administra Midas."
    ),
    "The model refused the question: ask in other words, choose another one, or tell an admin of Midas.": (
        "El modelo ha rechazado la pregunta: formúlela de otro modo, elija otro o avise a quien administra Midas."
    ),
    (
        "The question leaves back end {} no room for evidence (its window holds {} tokens): shorten the question, or raise "
        "the back end's context window."
    ): (
        "La pregunta no deja al motor {} sitio para la evidencia (en su ventana caben {} tokens): acorte la pregunta o "
        "amplíe la ventana de contexto del motor."
    ),
    "{} failed {} times in a row and is tried again in {} s (last: {}).": (
        "{} ha fallado {} veces seguidas y se probará de nuevo dentro de {} s (último fallo: {})."
    ),
    "{} can't be read as a tokenizer ({}): name a tokenizer.json that is whole.": (
        "{} no se puede leer como tokenizador ({}): indique un tokenizer.json completo."
    ),
    "The tokenizer of the model {} is of a kind not known here: name a tokenizer.json instead.": (
        "El tokenizador del modelo {} es de un tipo desconocido: indique un tokenizer.json en su lugar."
    ),
    "{} doesn't tell its models: look into its own documentation.": (
        "{} no dice qué modelos tiene: consulte su propia documentación."
    ),
    "{} doesn't serve the model {}: see midas models list.": "{} no sirve el modelo {}: vea midas models list.",
    "{} can't {} models from here: {}.": "{} no puede {} modelos desde aquí: {}.",
    "{} can't be read as a GGUF file ({}): pull the model again.": (
        "{} no se puede leer como archivo GGUF ({}): descargue de nuevo el modelo."
    ),
    "{} did not send {} within {} s: check its log and its load, try again, or raise timeouts.{}.": (
        "{} no envió {} en {} s: revise su registro y su carga, repita, o aumente timeouts.{}."
    ),
    "There is no kind of back end {}: {}.": "No hay ningún tipo de motor {}: {}.",
    "Models of the back end {} can't be managed from here: use its server's own tools.": (
        "Los modelos del motor {} no se pueden gestionar desde aquí: use las herramientas de su servidor."
    ),
    "Back end {} has the unknown kind {}: {}.": "El motor {} es de un tipo desconocido, {}: {}.",
    "Setting {} is wrong ({}): correct it in {}.": "El ajuste {} no es válido ({}): corríjalo en {}.",
    "No back end {} is configured ({}): add it to {}.": "No hay ningún motor {} configurado ({}): añádalo a {}.",
    (
        "The prompt has {} tokens and the answer may have {}, but {} holds {} in all: shorten the question, or raise the "
        "back end's context window."
    ): (
        "La petición tiene {} tokens y la respuesta puede tener {}, pero en {} caben {} en total: acorte la pregunta o "
        "amplíe la ventana de contexto del motor."
    ),
    "{} mixes its reasoning into its answers: start its server with a reasoning parser.": (
        "{} mezcla su razonamiento con sus respuestas: inicie su servidor con un analizador de razonamiento (reasoning parser)."
    ),
    "{} used all its tokens to reason and answered nothing: raise thinking_tokens.": (
        "{} gastó todos sus tokens en razonar y no respondió nada: aumente thinking_tokens."
    ),
    "{} sent an empty answer: try again, and check its chat template.": (
        "{} envió una respuesta vacía: repita, y revise su plantilla de chat."
    ),
    (
        "{} is no folder of a text model for ONNX Runtime ({}: {}): name one made by onnxruntime_genai.models.builder, or "
        "pull a model."
    ): (
        "{} no es una carpeta de un modelo de texto para ONNX Runtime ({}: {}): indique una creada con "
        "onnxruntime_genai.models.builder, o descargue un modelo."
    ),
    "{} failed ({}): check its log, try again.": "{} ha fallado ({}): revise su registro y repita.",
    (
        "The prompt is longer than {} can read ({}): shorten the question, or set the back end's context_window to what "
        "its server holds."
    ): (
        "La petición es más larga de lo que puede leer {} ({}): acorte la pregunta, o ponga en context_window lo que cabe "
        "en su servidor."
    ),
    "{} has too much to do ({}): ask again {}, or use another back end.": (
        "{} tiene demasiado trabajo ({}): repita {}, o use otro motor."
    ),
    "Back end {} needs its key in the environment variable {}: set it.": (
        "El motor {} necesita su clave en la variable de entorno {}: defínala."
    ),
    "The key of back end {} in the variable {} has characters no key has: set it again.": (
        "La clave del motor {} en la variable {} tiene caracteres que ninguna clave tiene: defínala de nuevo."
    ),
    "{} is not well ({}): check its key, its address and its log.": (
        "{} no está bien ({}): revise su clave, su dirección y su registro."
    ),
    (
        "{} read {} tokens of a prompt that has at least {}, so its answer ignores some of the evidence: set "
        "context_window to what its server holds."
    ): (
        "{} leyó {} tokens de una petición que tiene al menos {}, así que su respuesta pasa por alto parte de la "
        "evidencia: ponga en context_window lo que cabe en su servidor."
    ),
    "{} does not speak OpenAI's format (it sent no event): check its address and its kind.": (
        "{} no habla el formato de OpenAI (no envió ningún evento): revise su dirección y su tipo."
    ),
    "{} hung up before the answer was whole: check its log, try again.": (
        "{} cortó la conexión antes de terminar la respuesta: revise su registro y repita."
    ),
    "{} withheld the answer (content filter): ask in other words.": (
        "{} retuvo la respuesta (filtro de contenido): pregunte con otras palabras."
    ),
    "{} does not speak OpenAI's format ({}): check its address and its kind.": (
        "{} no habla el formato de OpenAI ({}): revise su dirección y su tipo."
    ),
    "{} sent something unreadable ({}): check its address and what is before it.": (
        "{} envió algo ilegible ({}): revise su dirección y lo que tiene delante."
    ),
    "{} can't be reached (no connection in time): {}.": "No hay conexión con {} (no respondió a tiempo): {}.",
    "{} has a certificate that can't be trusted ({}): {}.": "{} tiene un certificado en el que no se puede confiar ({}): {}.",
    "{} can't be reached ({}): {}.": "No hay conexión con {} ({}): {}.",
    "{} did not answer in time: check its log and its load, try again.": (
        "{} no respondió a tiempo: revise su registro y su carga, y repita."
    ),
    "{} hung up before the answer was whole ({}): check its log, try again.": (
        "{} cortó la conexión antes de terminar la respuesta ({}): revise su registro y repita."
    ),
    "{} failed in the middle of an answer ({}): check its log, try again.": (
        "{} falló en mitad de una respuesta ({}): revise su registro y repita."
    ),
    (
        "Its SDK sends Microsoft an event with program, system and processor at each start, and has no switch for it: "
        "block mobile.events.data.microsoft.com if that must not be."
    ): (
        "En cada inicio, su SDK envía a Microsoft un evento con el programa, el sistema y el procesador, y no se puede "
        "desactivar: bloquee mobile.events.data.microsoft.com si eso no debe ocurrir."
    ),
    "In process: one answer at a time; a question that was given up is read to its end before the next begins.": (
        "Dentro del proceso: una respuesta cada vez; una pregunta abandonada se lee hasta el final antes de empezar la "
        "siguiente."
    ),
    "Its web service answers only with models that were loaded: alias has Midas load them.": (
        "Su servicio web solo responde con modelos cargados: con alias, Midas los carga."
    ),
    (
        "Back end {} would start Foundry Local's SDK, which tells Microsoft at each start which program runs on which "
        "system and has no switch for that: set process_info = true in its section to accept it, or choose another kind."
    ): (
        "El motor {} iniciaría el SDK de Foundry Local, que en cada inicio comunica a Microsoft qué programa funciona en "
        "qué sistema y no se puede desactivar: ponga process_info = true en su sección para aceptarlo, o elija otro tipo."
    ),
    "{} failed ({}): try again, or restart Midas.": "{} ha fallado ({}): repita, o reinicie Midas.",
    (
        "{} is neither a folder nor one downloaded model of Foundry Local (there are {}): name the folder of an ONNX "
        "model, or run foundry model download."
    ): (
        "{} no es una carpeta ni un modelo descargado de Foundry Local (hay {}): indique la carpeta de un modelo ONNX, o "
        "ejecute foundry model download."
    ),
    "{} has pulled no model {}: see midas models list --backend {}.": (
        "{} no ha descargado ningún modelo {}: vea midas models list --backend {}."
    ),
    (
        "{} can't tell from here what is in memory, as each process loads its own: look at the memory of the process midas "
        "serve."
    ): (
        "{} no puede saber desde aquí qué hay en memoria, porque cada proceso carga lo suyo: mire la memoria del proceso "
        "midas serve."
    ),
    "Foundry Local's catalogue can't be reached: check the network, or bring the folder of an ONNX model.": (
        "No se puede llegar al catálogo de Foundry Local: revise la red, o traiga la carpeta de un modelo ONNX."
    ),
    "Foundry Local's catalogue has no model {} (there are {}): name one of these.": (
        "El catálogo de Foundry Local no tiene el modelo {} (hay {}): indique uno de estos."
    ),
    "{} has not loaded the model {}: set alias in its section, so that it is loaded when needed.": (
        "{} no ha cargado el modelo {}: ponga alias en su sección para que se cargue cuando haga falta."
    ),
    "{} has no model {} in its catalogue: check the full id.": (
        "{} no tiene el modelo {} en su catálogo: revise el identificador completo."
    ),
    "{} can't {} over HTTP: use the foundry command or the SDK where it runs.": (
        "{} no puede {} por HTTP: use la orden foundry o el SDK en la máquina donde funciona."
    ),
    "In this process: no server to start.": "Dentro de este proceso: no hay que iniciar ningún servidor.",
    "One answer at a time.": "Una respuesta cada vez.",
    "The model in this process failed ({}): try again, or restart Midas.": (
        "El modelo de este proceso ha fallado ({}): repita, o reinicie Midas."
    ),
    "The model {} can't be loaded ({}): free memory, or pull it again.": (
        "No se puede cargar el modelo {} ({}): libere memoria, o descárguelo de nuevo."
    ),
    "Each request names its window (num_ctx): a larger one makes Ollama load the model again, and needs more memory.": (
        "Cada petición indica su ventana (num_ctx): con una mayor, Ollama carga de nuevo el modelo y necesita más memoria."
    ),
    "Models whose names end in cloud run at ollama.com: they are refused unless the back end is marked cloud = true.": (
        "Los modelos cuyo nombre acaba en cloud funcionan en ollama.com: se rechazan si el motor no lleva cloud = true."
    ),
    (
        "{} read {} tokens of a prompt that has at least {}, so its answer ignores some of the evidence: shorten the "
        "question, or ask a server that heeds num_ctx."
    ): (
        "{} leyó {} tokens de una petición que tiene al menos {}, así que su respuesta pasa por alto parte de la "
        "evidencia: acorte la pregunta, o use un servidor que respete num_ctx."
    ),
    "{} filled its window of {} tokens ({} read, {} written), so some of the prompt or of the answer is missing: {}.": (
        "{} llenó su ventana de {} tokens ({} leídos, {} escritos), así que falta parte de la petición o de la respuesta: {}."
    ),
    "{} is Ollama {}, which does not tell whether it read a whole prompt: update it to {} or newer.": (
        "{} es Ollama {}, que no dice si leyó la petición entera: actualícelo a {} o posterior."
    ),
    "{} sends questions for {} to {}: choose another model, or set cloud = true if they may leave the company.": (
        "{} envía las preguntas para {} a {}: elija otro modelo, o ponga cloud = true si pueden salir de la empresa."
    ),
    "{} does not speak Ollama's API ({}): check its address and its kind.": (
        "{} no habla la API de Ollama ({}): revise su dirección y su tipo."
    ),
    "{} has no model {}: run midas models pull {} --backend {}, or ollama pull {} on its machine.": (
        "{} no tiene el modelo {}: ejecute midas models pull {} --backend {}, u ollama pull {} en su máquina."
    ),
    "{} found no such model ({}): check its name.": "{} no encontró ese modelo ({}): revise su nombre.",
    "Ollama's library has no model {}: look the name and its tag up at ollama.com/library.": (
        "La biblioteca de Ollama no tiene el modelo {}: busque el nombre y su etiqueta en ollama.com/library."
    ),
    "{} ended the pull of {} early ({}): pull again, it goes on there.": (
        "{} terminó antes de tiempo la descarga de {} ({}): descárguelo de nuevo, continuará donde estaba."
    ),
    "Reasoning models need thinking_tokens; they are asked at temperature 1, as the API allows no other.": (
        "Los modelos que razonan necesitan thinking_tokens; se les pregunta con temperatura 1, porque la API no admite otra."
    ),
    "For clouds that don't know max_completion_tokens use the kind openai-compatible with cloud = true.": (
        "Para nubes que no conocen max_completion_tokens, use el tipo openai-compatible con cloud = true."
    ),
    "What such a server can do beyond streaming is found out when it is checked.": (
        "Lo que un servidor así sabe hacer, además de enviar la respuesta por partes, se averigua al comprobarlo."
    ),
    "It doesn't tell its window: set context_window to its --max_seq_len.": (
        "No dice cuál es su ventana: ponga en context_window su --max_seq_len."
    ),
    "JSON schemas need guided_decoding_backend: xgrammar in its configuration.": (
        "Los esquemas JSON necesitan guided_decoding_backend: xgrammar en su configuración."
    ),
    "It has no keys: let nobody else reach its port.": "No tiene claves: no deje que nadie más llegue a su puerto.",
    "Usage in streams needs version 2.4 or newer.": (
        "El recuento de tokens en respuestas por partes necesita la versión 2.4 o posterior."
    ),
    "It has no parser for reasoning: models whose template opens it in the prompt (DeepSeek R1) can't be used.": (
        "No separa el razonamiento: no se pueden usar modelos cuya plantilla lo abre en la petición (DeepSeek R1)."
    ),
    (
        "It reads prompts of any length, until its memory ends: set context_window to what the model was trained for, "
        "unless model is a folder on this computer, which tells it."
    ): (
        "Lee peticiones de cualquier longitud, hasta agotar su memoria: ponga en context_window la ventana con la que se "
        "entrenó el modelo, salvo que model sea una carpeta de este equipo, que la indica."
    ),
    "It lists what its hub cache holds, which need not have the model that it serves.": (
        "Enumera lo que hay en su caché del hub, donde puede no estar el modelo que sirve."
    ),
    "Reasoning models need --reasoning-parser.": "Los modelos que razonan necesitan --reasoning-parser.",
    "--enable-prompt-tokens-details tells how much of a prompt was in the cache.": (
        "--enable-prompt-tokens-details indica cuánto de la petición estaba en la caché."
    ),
    "--api-key guards only the paths under /v1: let nobody else reach its port.": (
        "--api-key solo protege las rutas bajo /v1: no deje que nadie más llegue a su puerto."
    ),
    "The catalogue has no model {}{}.": "El catálogo no tiene el modelo {}{}.",
    "{}: {} is wrong ({}): correct it.": "{}: {} no es válido ({}): corríjalo.",
    "{} can't be read as a catalogue of models ({}): correct the file.": (
        "{} no se puede leer como catálogo de modelos ({}): corrija el archivo."
    ),
    "Collection {} is private and back end {} is in the cloud: choose a local back end, or other collections.": (
        "La colección {} es privada y el motor {} está en la nube: elija un motor local u otras colecciones."
    ),
    "No back end could answer: {}.": "Ningún motor pudo responder: {}.",
    "The model {} is not installed: run midas models pull {}.": "El modelo {} no está instalado: ejecute midas models pull {}.",
    "No GGUF file of {} is known: midas models show {} tells how to run it.": (
        "No se conoce ningún archivo GGUF de {}: midas models show {} explica cómo usarlo."
    ),
    "{} is neither a model of the catalogue nor a file{}.": "{} no es un modelo del catálogo ni un archivo{}.",
    "The model {} is not there{}: run midas models pull {}.": "El modelo {} no está{}: ejecute midas models pull {}.",
    "{} was not put there by Midas: run midas models pull with the path of the file.": (
        "Midas no puso ahí {}: ejecute midas models pull con la ruta del archivo."
    ),
    "No model {} is installed (installed: {}): check the name.": (
        "No hay ningún modelo {} instalado (instalados: {}): revise el nombre."
    ),
    "{} is cut ({} of {} bytes): {}.": "{} está cortado ({} de {} bytes): {}.",
    "{} is not the expected file (its SHA-256 differs): {}.": "{} no es el archivo esperado (su SHA-256 es otro): {}.",
    "{} is not a GGUF file that llama.cpp reads: choose a .gguf file of version 2 or 3.": (
        "{} no es un archivo GGUF que lea llama.cpp: elija un archivo .gguf de la versión 2 o 3."
    ),
    "{} is one part of a split model: merge the parts with llama-gguf-split --merge first.": (
        "{} es una parte de un modelo dividido: una antes las partes con llama-gguf-split --merge."
    ),
    "{} can't be a model's name: use letters, digits, '.', '_' and '-'.": (
        "{} no puede ser el nombre de un modelo: use letras, cifras, «.», «_» y «-»."
    ),
    "The catalogue has another model {}: give the file another name.": (
        "El catálogo tiene otro modelo {}: dé otro nombre al archivo."
    ),
    "Another model {} is installed: run midas models rm {}, or rename the file.": (
        "Hay otro modelo {} instalado: ejecute midas models rm {}, o cambie el nombre del archivo."
    ),
    "The reranker {} can't be loaded ({}): correct retrieval.reranker.": (
        "No se puede cargar el reordenador {} ({}): corrija retrieval.reranker."
    ),
}

FRAGMENTS: dict[str, str] = {
    "back end {} ({} at {})": "el motor {} ({} en {})",
    "back end {} ({})": "el motor {} ({})",
    "back end {}": "el motor {}",
    "The back end": "El motor",
    "{} refused the key ({}): set the environment variable that api_key_env names to a valid key.": (
        "{} rechazó la clave ({}): ponga una clave válida en la variable de entorno que indica api_key_env."
    ),
    "{} refused the key ({}): set the environment variable that api_key_env names to a key that may use the model.": (
        "{} rechazó la clave ({}): ponga en la variable de entorno que indica api_key_env una clave que pueda usar el modelo."
    ),
    (
        "{} has no model {}, or nothing at this address ({}): correct model or base_url; midas backends check lists what "
        "it serves."
    ): (
        "{} no tiene el modelo {}, o no hay nada en esa dirección ({}): corrija model o base_url; midas backends check "
        "enumera lo que sirve."
    ),
    "{} refused the request ({}): check its settings and its log.": (
        "{} rechazó la petición ({}): revise sus ajustes y su registro."
    ),
    "{} can't fetch models from here: {}.": "{} no puede descargar modelos desde aquí: {}.",
    "{} can't delete models from here: {}.": "{} no puede eliminar modelos desde aquí: {}.",
    "start it with the model you want ({})": "inícielo con el modelo que desee ({})",
    "do it where that server runs": "hágalo donde funciona ese servidor",
    "tell which models of its catalogue are downloaded": "decir qué modelos de su catálogo están descargados",
    "fetch models": "descargar modelos",
    "delete models": "eliminar modelos",
    "the first token": "el primer token",
    "the next token of its answer": "el siguiente token de su respuesta",
    "did you mean {}?": "¿quiso decir {}?",
    "there are {}": "hay {}",
    "check that it runs": "compruebe que funciona",
    "check that it runs ({})": "compruebe que funciona ({})",
    "add the authority that signed it to those this computer trusts, or name its file in SSL_CERT_FILE": (
        "añada la autoridad que lo firmó a aquellas en las que confía este equipo, o indique su archivo en SSL_CERT_FILE"
    ),
    "{} has too much to do ({}): ask again later, or use another back end.": (
        "{} tiene demasiado trabajo ({}): repita más tarde, o use otro motor."
    ),
    "{} has too much to do ({}): ask again in {} s, or use another back end.": (
        "{} tiene demasiado trabajo ({}): repita dentro de {} s, o use otro motor."
    ),
    "shorten the question, or raise the back end's context_window if the model can hold more": (
        "acorte la pregunta, o aumente context_window del motor si al modelo le cabe más"
    ),
    "ask again, it gets a larger window then": "repita: entonces tendrá una ventana mayor",
    "tokenizer of {}": "tokenizador de {}",
    "The catalogue has no model {} (did you mean {}?).": "El catálogo no tiene el modelo {} (¿quiso decir {}?).",
    "The catalogue has no model {} (see midas models list).": "El catálogo no tiene el modelo {} (vea midas models list).",
    "run midas models pull {}": "ejecute midas models pull {}",
    "pull it again from where it came from": "descárguelo de nuevo de donde vino",
    "{} can't fall back to {}, there are {}": "{} no puede tener a {} como sustituto, hay {}",
    "{} runs at ollama.com: choose another model, or set cloud = true": (
        "{} funciona en ollama.com: elija otro modelo, o ponga cloud = true"
    ),
    "{} has no effect on a model in this process: leave it out, or give base_url": (
        "{} no tiene efecto en un modelo de este proceso: quítelo, o indique base_url"
    ),
    "it is no address: {}": "no es una dirección: {}",
    "it is no address: write it with http:// or https://": "no es una dirección: escríbala con http:// o https://",
    "it is no address: ports end at {}": "no es una dirección: los puertos llegan hasta {}",
    "keys belong in the environment: name the variable in api_key_env": (
        "las claves van en el entorno: indique la variable en api_key_env"
    ),
    "it goes on after its path: leave out what begins with ? or #, and keep keys in the environment": (
        "sigue tras su ruta: quite lo que empieza por ? o #, y deje las claves en el entorno"
    ),
}
"""What sentences are filled with, and sentences that the program puts together."""
