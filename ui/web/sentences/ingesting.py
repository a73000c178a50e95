"""Sentences of `ingest`: files, documents, collections, the store. English with its Spanish; `{}` is what is filled in."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "Same content as {}, which is searched instead.": "Mismo contenido que {}, en el que se busca en su lugar.",
    "{} can't name a collection: use up to 63 letters, digits, '_', '-' and '.', without spaces.": (
        "{} no puede ser el nombre de una colección: use hasta 63 letras, cifras, «_», «-» y «.», sin espacios."
    ),
    "Collection {} was built with {}, the settings ask for {}: run `midas reindex {}` or set them back.": (
        "La colección {} se creó con {}, y los ajustes piden {}: reindéxela (`midas reindex {}`) o vuelva a los ajustes de "
        "antes."
    ),
    "There is no collection {}, nor any other: {}.": "No hay ninguna colección {}, ni otra: {}.",
    "The collection of this job was deleted: begin anew with another one.": (
        "La colección de esta tarea se eliminó: empiece de nuevo con otra."
    ),
    "There is no collection {}: {}The collections are {}.": "No hay ninguna colección {}: {}Las colecciones son {}.",
    "Setting {} is wrong ({}): correct it in {} or in MIDAS_*.": (
        "El ajuste {} no es válido ({}): corríjalo en {} o en MIDAS_*."
    ),
    "{} can't be read ({}): correct the file.": "{} no se puede leer ({}): corrija el archivo.",
    "{} can't be used ({}): check free disk space and permissions, then run `midas doctor`.": (
        "{} no se puede usar ({}): revise el espacio libre y los permisos, y después ejecute `midas doctor`."
    ),
    "The store in {} was closed: open it again.": "El almacén de {} se cerró: ábralo de nuevo.",
    "{} can't be opened ({}): restore a backup, or delete it and ingest again.": (
        "{} no se puede abrir ({}): restaure una copia de seguridad, o bórrelo y cargue de nuevo los documentos."
    ),
    "{} was written by a newer Midas assistant: upgrade, or set another MIDAS_HOME.": (
        "{} se escribió con una versión más nueva de Midas: actualice, o elija otro MIDAS_HOME."
    ),
    "The embedder {} is ready.": "El vectorizador {} está listo.",
    "{} collections with {} documents and {} chunks are sound.": (
        "Todo está bien (colecciones: {}, documentos: {}, fragmentos: {})."
    ),
    "{} is damaged ({}): restore a backup, or ingest anew.": (
        "{} está dañado ({}): restaure una copia de seguridad, o cargue de nuevo los documentos."
    ),
    "The full-text index lacks {} chunks and has {} too many.": (
        "Fragmentos que faltan en el índice de texto: {}; que sobran: {}."
    ),
    "The full-text index doesn't match its rows.": "El índice de texto no coincide con sus filas.",
    "Vectors of {} versions and {} indexes that nothing uses take space.": (
        "Hay datos que nada usa y ocupan espacio (versiones con vectores: {}, índices: {})."
    ),
    "{} in {} has lost chunks or text: run `midas documents delete` and ingest it again.": (
        "{} de {} ha perdido fragmentos o texto: elimínelo y cárguelo de nuevo."
    ),
    "{} has {} chunks without a document: run `midas reindex {}`.": (
        "Fragmentos sin documento en {}: {}; reindéxela (`midas reindex {}`)."
    ),
    "{} has {} vectors without a chunk, which take space.": "Vectores sin fragmento en {}, que ocupan espacio: {}.",
    "{} lacks the vectors of {} chunks, which only full text finds{}.": (
        "Fragmentos de {} sin vector, que solo se encuentran por sus palabras: {}{}."
    ),
    "{} is not a complete e5 weights file ({}): pull multilingual-e5-small again.": (
        "{} no es un archivo completo de pesos e5 ({}): descargue de nuevo multilingual-e5-small."
    ),
    "{} can't be written to {} ({}): free space or check permissions.": (
        "{} no se puede escribir en {} ({}): libere espacio o revise los permisos."
    ),
    "{} is not the expected file (its SHA-256 differs): pull {} again.": (
        "{} no es el archivo esperado (su SHA-256 es otro): descargue de nuevo {}."
    ),
    "The embedding model {} is not prepared: run midas models pull {}.": (
        "El modelo de vectores {} no está preparado: ejecute midas models pull {}."
    ),
    "The embedding model's folder {} {}: run midas models pull {}.": (
        "La carpeta del modelo de vectores {} {}: ejecute midas models pull {}."
    ),
    "Embedder kind e5-onnx has only {}, not {}: use kind sentence-transformers.": (
        "El vectorizador de tipo e5-onnx solo tiene {}, no {}: use el tipo sentence-transformers."
    ),
    "{} needs the package {}, which is not installed: run pip install 'midas-assistant[{}]'.": (
        "{} necesita el paquete {}, que no está instalado: ejecute pip install 'midas-assistant[{}]'."
    ),
    "{} doesn't exist: check the path.": "{} no existe: revise la ruta.",
    "The file can't be read because of an error in the program ({}): report it.": (
        "El archivo no se puede leer por un error del programa ({}): comuníquelo."
    ),
    "The file holds no text.": "El archivo no contiene texto.",
    "The file can't be read ({}): check its permissions.": "El archivo no se puede leer ({}): revise sus permisos.",
    "The file needs too much memory: split it, or raise ingest.parse_memory_bytes.": (
        "El archivo necesita demasiada memoria: divídalo, o aumente ingest.parse_memory_bytes."
    ),
    "The file is nested too deeply to be read: simplify it and load it again.": (
        "El archivo tiene una estructura demasiado profunda: simplifíquelo y cárguelo de nuevo."
    ),
    "The file can't be opened ({}): check that it is there and who may read it.": (
        "El archivo no se puede abrir ({}): compruebe que está y quién puede leerlo."
    ),
    "This is no regular file (a folder, pipe or device): copy its content to a file.": (
        "No es un archivo normal (es una carpeta, una tubería o un dispositivo): copie su contenido a un archivo."
    ),
    "The file has {}: split it, or raise ingest.file_bytes.": "El archivo tiene {}: divídalo, o aumente ingest.file_bytes.",
    "The file is damaged ({}): open it in its own program, save it and load it again.": (
        "El archivo está dañado ({}): ábralo en su programa, guárdelo y cárguelo de nuevo."
    ),
    "The file has no text that can be read: check its content.": (
        "El archivo no tiene texto que se pueda leer: revise su contenido."
    ),
    "The file is a damaged or cut zip container: get a whole copy and load it again.": (
        "El archivo es un contenedor zip dañado o cortado: consiga una copia completa y cárguela."
    ),
    "The file hides XML entities, which office programs never write: do not trust it.": (
        "El archivo esconde entidades XML, que ningún programa de oficina escribe: no se fíe de él."
    ),
    "The file is encrypted: save it without a password and load it again.": (
        "El archivo está cifrado: guárdelo sin contraseña y cárguelo de nuevo."
    ),
    "The file unpacks to {}, too much for a document: split it and load the parts.": (
        "El archivo ocupa {} al descomprimirlo, demasiado para un documento: divídalo y cargue las partes."
    ),
    "The file is empty: replace it with one that has text.": "El archivo está vacío: sustitúyalo por uno con texto.",
    "The file is of an unknown binary format: save it as PDF, DOCX or text and load it again.": (
        "El archivo es de un formato binario desconocido: guárdelo como PDF, DOCX o texto y cárguelo de nuevo."
    ),
    "The file is {}, which is not read: {}.": "El archivo es {}, que no se lee: {}.",
    "The file is an image and has no text layer: run OCR and load the result.": (
        "El archivo es una imagen sin capa de texto: pase un OCR y cargue el resultado."
    ),
    "The file has more than {} characters of text: split it, or raise ingest.text_chars.": (
        "El archivo tiene más de {} caracteres de texto: divídalo, o aumente ingest.text_chars."
    ),
    "The attachment {} of an attached message was not read: load it by itself.": (
        "No se leyó el adjunto {} de un mensaje adjunto: cárguelo por separado."
    ),
    "The file has no text layer (a scan?): run OCR and load it again.": (
        "El archivo no tiene capa de texto (¿es un escaneo?): pase un OCR y cárguelo de nuevo."
    ),
    "The file is damaged, none of its pages can be read: get a whole copy and load it again.": (
        "El archivo está dañado y no se puede leer ninguna página: consiga una copia completa y cárguela."
    ),
    "The file is not valid JSON ({}): correct it and load it again.": (
        "El archivo no es JSON válido ({}): corríjalo y cárguelo de nuevo."
    ),
    "Sheet {}: {} no stored value: open the file in a spreadsheet program and save it.": (
        "Hoja {}: {} sin valor guardado: abra el archivo en un programa de hojas de cálculo y guárdelo."
    ),
    "{} is in use by {}: stop it, go through its address, or set another MIDAS_HOME.": (
        "{} está en uso por {}: deténgalo, entre por su dirección, o elija otro MIDAS_HOME."
    ),
    "{} can't be used as the data directory ({}): set another MIDAS_HOME.": (
        "{} no sirve como carpeta de datos ({}): elija otro MIDAS_HOME."
    ),
    "The original can't be kept in {} ({}): free disk space and load it again.": (
        "El original no se puede conservar en {} ({}): libere espacio en el disco y cárguelo de nuevo."
    ),
    "{} changed while it was read: load it again.": "{} cambió mientras se leía: cárguelo de nuevo.",
    "The original of {} was not kept: upload the document again to see it.": (
        "El original de {} no se conservó: suba de nuevo el documento para verlo."
    ),
    "The file of {} is not where it was read from any more: ask an admin to load it again.": (
        "El archivo de {} ya no está donde se leyó: pida a un administrador que lo cargue de nuevo."
    ),
    "The file of {} has changed since it was read: ask an admin to load it again.": (
        "El archivo de {} ha cambiado desde que se leyó: pida a un administrador que lo cargue de nuevo."
    ),
    "The file has changed since it was read: ask an admin to load it again.": (
        "El archivo ha cambiado desde que se leyó: pida a un administrador que lo cargue de nuevo."
    ),
    "The document has {} pages, there is no page {}.": "El documento tiene {} páginas: no hay página {}.",
    "The file is not where it was read from any more: ask an admin to load it again.": (
        "El archivo ya no está donde se leyó: pida a un administrador que lo cargue de nuevo."
    ),
    "Too many pages are being drawn: wait a moment and try again.": (
        "Se están dibujando demasiadas páginas: espere un momento y repita."
    ),
    "This page can't be drawn: open the original file instead.": "Esta página no se puede dibujar: abra el archivo original.",
    "This path can't be read ({}): check its name and its permissions.": (
        "Esta ruta no se puede leer ({}): revise su nombre y sus permisos."
    ),
    "Two files have the name {}: rename one of them.": "Dos archivos se llaman {}: cambie el nombre de uno.",
    (
        "{} holds no files, so --sync would delete {} documents: check that it is the right folder and that its disk is "
        "there, or delete them with `midas documents delete`."
    ): (
        "{} no contiene archivos, así que --sync eliminaría {} documentos: compruebe que es la carpeta correcta y que su "
        "disco está, o elimínelos con `midas documents delete`."
    ),
    "Embedder kind {} needs the server's address: set embedder.base_url.": (
        "El vectorizador de tipo {} necesita la dirección de su servidor: defina embedder.base_url."
    ),
    "The embedding server {} sent no usable vectors: check that it serves {}.": (
        "El servidor de vectores {} no envió vectores utilizables: compruebe que sirve {}."
    ),
    "The embedding server {} took too long to answer: check its load.": (
        "El servidor de vectores {} tardó demasiado en responder: revise su carga."
    ),
    "The embedding server {} refused {} ({}).": "El servidor de vectores {} rechazó {} ({}).",
    "The embedding server {} did not answer in JSON: check embedder.base_url.": (
        "El servidor de vectores {} no respondió en JSON: revise embedder.base_url."
    ),
    "The embedding server {} can't be reached ({}): start it or set embedder.base_url.": (
        "No se puede llegar al servidor de vectores {} ({}): inícielo o corrija embedder.base_url."
    ),
    "The embedder's key is missing: set the environment variable {}.": (
        "Falta la clave del vectorizador: defina la variable de entorno {}."
    ),
    "Reading was stopped before the file was done: load it again.": (
        "La lectura se detuvo antes de terminar el archivo: cárguelo de nuevo."
    ),
    "The file took longer than {} seconds to read: split it, or raise ingest.parse_seconds.": (
        "Leer el archivo tardó más de {} segundos: divídalo, o aumente ingest.parse_seconds."
    ),
    "The file crashed its parser (exit code {}): open it in its own program, save it and load it again.": (
        "El archivo hizo fallar su lector (código de salida {}): ábralo en su programa, guárdelo y cárguelo de nuevo."
    ),
    "The embedding model {} is not on this machine or not complete: set embedder.model to the path of its folder.": (
        "El modelo de vectores {} no está en esta máquina o está incompleto: ponga en embedder.model la ruta de su carpeta."
    ),
    "There is a collection {} already: choose another name.": "Ya hay una colección {}: elija otro nombre.",
    "{}: vectors {} don't fit {} chunks.": "{}: los vectores {} no corresponden a {} fragmentos.",
    (
        "Collection {} was built with the embedder {} ({} dimensions), the question was embedded with {} ({}): run `midas "
        "reindex {}` or set it back."
    ): (
        "La colección {} se creó con el vectorizador {} ({} dimensiones) y la pregunta usa {} ({}): reindéxela (`midas "
        "reindex {}`) o vuelva al de antes."
    ),
    "No readable document {} in collection {}: run `midas documents list`.": (
        "No hay ningún documento {} que se pueda leer en la colección {}: mire la lista de documentos."
    ),
    "{} lacks {} vectors: run `midas doctor --repair`.": "Vectores que faltan en {}: {}; ejecute `midas doctor --repair`.",
    "The vectors in {} are incomplete ({}): run `midas doctor --repair`.": (
        "Los vectores de {} están incompletos ({}): ejecute `midas doctor --repair`."
    ),
    "Chroma at {} failed ({}): check server and disk, then run `midas doctor`.": (
        "Chroma, en {}, ha fallado ({}): revise el servidor y el disco, y después ejecute `midas doctor`."
    ),
    "There is no watched folder with the number {}: look at the list.": (
        "No hay ninguna carpeta vigilada con el número {}: mire la lista."
    ),
    "{} is watched for {} already: choose another folder.": "{} ya se vigila para {}: elija otra carpeta.",
    "{} can't be read ({}): check its permissions.": "{} no se puede leer ({}): revise sus permisos.",
    "{} can't be watched, it is not there or can't be read: check the path.": (
        "{} no se puede vigilar, porque no está o no se puede leer: revise la ruta."
    ),
    "{} is no folder: choose one.": "{} no es una carpeta: elija una.",
    "{} is where Midas keeps its own data: choose another folder.": (
        "{} es donde Midas guarda sus propios datos: elija otra carpeta."
    ),
}

FRAGMENTS: dict[str, str] = {
    "run `midas ingest PATH --collection {}`": "ejecute `midas ingest RUTA --collection {}`",
    "ask an admin to share one with you": "pida a un administrador que comparta una con usted",
    "There is no collection {}: The collections are {}.": "No hay ninguna colección {}. Las colecciones son {}.",
    "There is no collection {}: did you mean {}? The collections are {}.": (
        "No hay ninguna colección {}: ¿quiso decir {}? Las colecciones son {}."
    ),
    "{} ({} dimensions, chunks of {} tokens)": "{} ({} dimensiones, fragmentos de {} tokens)",
    "dangling row in {}": "fila suelta en {}",
    ": run `midas doctor --repair` with the embedder {}": "; ejecute `midas doctor --repair` con el vectorizador {}",
    "was built by another version": "se creó con otra versión",
    "has a damaged file, {}": "tiene un archivo dañado, {}",
    "is not complete": "no está completa",
    "can't be read": "no se puede leer",
    "{} MiB, more than {} MiB": "{} MiB, más de {} MiB",
    "{} parts and {} MiB": "{} partes y {} MiB",
    "an office file with macros or a template": "un archivo de oficina con macros o una plantilla",
    "an OpenDocument file": "un archivo OpenDocument",
    "a zip archive": "un archivo zip",
    "a compressed archive": "un archivo comprimido",
    "in RTF": "RTF",
    "in an old office format": "de un formato de oficina antiguo",
    "in an old binary format": "de un formato binario antiguo",
    "save it as .docx, .xlsx or .pptx and load it again": "guárdelo como .docx, .xlsx o .pptx y cárguelo de nuevo",
    "save it as .docx, .xlsx, .pptx or PDF and load it again": "guárdelo como .docx, .xlsx, .pptx o PDF y cárguelo de nuevo",
    "unpack it and load the files": "descomprímalo y cargue los archivos",
    "save it as {} and load it again": "guárdelo como {} y cárguelo de nuevo",
    "The attachment {} was not read. {}": "No se leyó el adjunto {}. {}",
    "Damaged pages that can't be read, {}: get a whole copy and load it again.": (
        "Páginas dañadas que no se pueden leer, {}: consiga una copia completa y cárguela."
    ),
    "Pages without a text layer (scans?), {}: run OCR and load the file again.": (
        "Páginas sin capa de texto (¿escaneadas?), {}: pase un OCR y cargue de nuevo el archivo."
    ),
    "{} and others": "{} y otras",
    "1 formula cell has": "1 celda de fórmula",
    "{} formula cells have": "{} celdas de fórmula",
    "another process": "otro proceso",
    "process {}": "el proceso {}",
}
"""What sentences are filled with, and sentences that the program puts together."""
