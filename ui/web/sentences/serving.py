"""Sentences of `ui`: rights, accounts, uploads, settings, requests. English with its Spanish; `{}` is what is filled in."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "There is no {} /v1/{}: /docs lists what there is.": "No hay {} /v1/{}: en /docs está lo que hay.",
    "The request's field {} is wrong: {}.": "El campo {} de la petición no es válido: {}.",
    "The request is wrong: {}.": "La petición no es válida: {}.",
    "There is no model {}: use one of {}.": "No hay ningún modelo {}: use uno de {}.",
    "No back end {} is configured ({}): choose a configured one.": (
        "No hay ningún motor {} configurado ({}): elija uno configurado."
    ),
    "{} can't name a back end: use letters, digits, '-' and '_'.": (
        "{} no puede ser el nombre de un motor: use letras, cifras, «-» y «_»."
    ),
    "There is a back end {} already: choose another name, or change its section.": (
        "Ya hay un motor {}: elija otro nombre, o cambie su sección."
    ),
    "{} can't fall back to itself: name others.": "{} no puede ser su propio sustituto: indique otros.",
    (
        "api_key_env takes the name of an environment variable (capitals, digits and '_'), not the key itself: set one and "
        "name it."
    ): (
        "api_key_env lleva el nombre de una variable de entorno (mayúsculas, cifras y «_»), no la clave: defina una e "
        "indique su nombre."
    ),
    "{} is wrong for the kind {} ({}): its options are {}.": "{} no es válido para el tipo {} ({}): sus opciones son {}.",
    "{} and {} exclude each other: give only the second.": "{} y {} se excluyen: indique solo la segunda.",
    "This account has no password here: change it where you sign in.": (
        "Esta cuenta no tiene contraseña aquí: cámbiela donde inicia sesión."
    ),
    "The current password is wrong.": "La contraseña actual no es correcta.",
    "This needs an account: `midas users add NAME --role admin` makes the first.": (
        "Para esto hace falta una cuenta: `midas users add NOMBRE --role admin` crea la primera."
    ),
    "This needs you, not a key: sign in.": "Para esto hace falta usted, no una clave: inicie sesión.",
    "This pair was voted on already, in another window perhaps: go on with the next one.": (
        "Este par ya se votó, quizá en otra ventana: pase al siguiente."
    ),
    "There is no vote of yours to take back.": "No hay ningún voto suyo que retirar.",
    "This key is for asking only: it takes nothing back.": "Esta clave es solo para preguntar: no puede borrar nada.",
    "The title is empty: write one.": "El título está vacío: escriba uno.",
    "Costs can't be reckoned with these figures: give numbers above 0.": (
        "Con estas cifras no se pueden calcular los costes: indique números mayores que 0."
    ),
    "There is no figure {}: `midas eval cost --figures` lists them.": (
        "No hay ninguna cifra {}: `midas eval cost --figures` las enumera."
    ),
    "{} is {}: give a number from 0.": "{} es {}: indique un número desde 0.",
    "This key is for asking only: use one that may do everything its owner may.": (
        "Esta clave es solo para preguntar: use una que pueda hacer todo lo que puede su propietario."
    ),
    "There is no {} {}: {}.": "No hay {} {}: {}.",
    "Run {} has no answers to mark: choose another run.": "La evaluación {} no tiene respuestas que valorar: elija otra.",
    "Give at least one mark, from 1 to 5.": "Ponga al menos una nota, de 1 a 5.",
    "From here api_key_env names variables that end in {}: rename it, or use `midas backends add`.": (
        "Desde aquí, api_key_env solo admite variables cuyo nombre acabe en {}: cambie el nombre, o use `midas backends add`."
    ),
    "{} is the default back end: make another one the default first.": (
        "{} es el motor predeterminado: elija antes otro como predeterminado."
    ),
    "{} would fall back to {}: change that first.": "{} tendría a {} como sustituto: cambie eso antes.",
    "{} signs in at {}: change the password there.": "{} inicia sesión en {}: cambie allí la contraseña.",
    "The file has no question that can be imported{}: correct it.": (
        "El archivo no tiene ninguna pregunta que se pueda importar{}: corríjalo."
    ),
    "The file has {} questions, and a set holds {}: divide it.": (
        "El archivo tiene {} preguntas y en un conjunto caben {}: divídalo."
    ),
    "{} comes with Midas and stays as it is: copy it, and change the copy.": (
        "{} viene con Midas y no se cambia: cópielo y cambie la copia."
    ),
    "A question set's name is small letters, digits, dots and dashes, at most 63: choose another.": (
        "El nombre de un conjunto lleva minúsculas, cifras, puntos y guiones, 63 como máximo: elija otro."
    ),
    "The name {} can't be used: choose another for the question set.": (
        "El nombre {} no se puede usar: elija otro para el conjunto."
    ),
    "{} can't be read: correct it, or delete it with its set.": "{} no se puede leer: corríjalo, o elimínelo con su conjunto.",
    "The file ends in {}: give one that ends in {}.": "El archivo acaba en {}: elija uno que acabe en {}.",
    "The file is larger than {} MB: divide it.": "El archivo ocupa más de {} MB: divídalo.",
    "The file is no workbook: save it as .xlsx, or as CSV.": (
        "El archivo no es un libro de cálculo: guárdelo como .xlsx o como CSV."
    ),
    "The workbook unpacks to more than 200 MB: divide it, or save the sheet as CSV.": (
        "El libro ocupa más de 200 MB al descomprimirlo: divídalo, o guarde la hoja como CSV."
    ),
    "The id {} stands twice in the file: give each question one of its own.": (
        "El identificador {} está dos veces en el archivo: dé uno propio a cada pregunta."
    ),
    "The pages of {} can't be drawn, it is no PDF: open the original file.": (
        "Las páginas de {} no se pueden dibujar, porque no es un PDF: abra el archivo original."
    ),
    "This passage is not there any more, its document was changed or deleted: ask again.": (
        "Este pasaje ya no está, porque su documento cambió o se eliminó: pregunte de nuevo."
    ),
    "{} is not served: ask an admin to load it again.": (
        "{} no se puede consultar: pida a un administrador que lo cargue de nuevo."
    ),
    "Run {} can't go on, as these have changed since: {}. Start a new one.": (
        "La evaluación {} no puede continuar, porque desde entonces han cambiado: {}. Empiece una nueva."
    ),
    "There is no collection that you may read: ask an admin to share one with you.": (
        "No hay ninguna colección que usted pueda leer: pida a un administrador que comparta una con usted."
    ),
    "{} asks about the collection {}: choose it, too.": "{} pregunta sobre la colección {}: elíjala también.",
    "Sign in, or send an API key.": "Inicie sesión o envíe una clave de la API.",
    "Nobody signs in with that much: send less.": "Nadie inicia sesión con tantos datos: envíe menos.",
    "Midas failed unexpectedly; the terminal of `midas serve` has the details: try again.": (
        "Midas ha fallado de forma inesperada; los detalles están en la terminal de `midas serve`: repita."
    ),
    "{} is being worked on: wait until it is done, or stop it.": "Ya se trabaja en {}: espere a que termine, o deténgalo.",
    "Call the server by a name of its own: this machine's (127.0.0.1 or localhost), or one of server.allowed_hosts.": (
        "Llame al servidor por un nombre suyo: el de esta máquina (127.0.0.1 o localhost) o uno de server.allowed_hosts."
    ),
    (
        "Call the server from its own page, not from another site's; a proxy in between must pass the Host header on, or "
        "server.public_url must name the address that people type."
    ): (
        "Llame al servidor desde su propia página, no desde la de otro sitio; un proxy intermedio debe transmitir la "
        "cabecera Host, o server.public_url debe indicar la dirección que se escribe."
    ),
    "A proxy is in between and nobody must sign in: add an account first with `midas users add NAME --role admin`.": (
        "Hay un proxy en medio y nadie tiene que iniciar sesión: añada antes una cuenta con `midas users add NOMBRE --role "
        "admin`."
    ),
    "There is no job {}: it may have ended before the server was started anew; look at the list.": (
        "No hay ninguna tarea {}: quizá terminó antes de que se reiniciara el servidor; mire la lista."
    ),
    "The request has more than {} MB: send less at once.": "La petición ocupa más de {} MB: envíe menos de una vez.",
    "There is no such conversation or question: it may have been deleted; choose another one.": (
        "No existe esa conversación o pregunta: quizá se eliminó; elija otra."
    ),
    "There is no such feedback: it may have been withdrawn or deleted; load the list again.": (
        "No existe esa valoración: quizá se retiró o se eliminó; cargue de nuevo la lista."
    ),
    "These are more than {} files: upload them in several parts, or raise uploads.files.": (
        "Son más de {} archivos: súbalos en varias partes, o aumente uploads.files."
    ),
    "The files have more than {} together: upload them in several parts, or raise uploads.total_bytes.": (
        "Los archivos ocupan juntos más de {}: súbalos en varias partes, o aumente uploads.total_bytes."
    ),
    "An upload is a multipart/form-data request with one part for each file: send it so.": (
        "Una subida es una petición multipart/form-data con una parte por archivo: envíela así."
    ),
    "The upload was cut off: send it again.": "La subida se cortó: repítala.",
    "The request is no sound multipart/form-data ({}): send it again.": (
        "La petición no es multipart/form-data correcta ({}): envíela de nuevo."
    ),
    "There is no account {}: `midas users list` shows them all.": "No hay ninguna cuenta {}: mire la lista de personas.",
    "The first account must be an admin's: add it with --role admin.": (
        "La primera cuenta debe ser de un administrador: añádala con --role admin."
    ),
    "There is already an account {}: choose another name.": "Ya hay una cuenta {}: elija otro nombre.",
    "This account is gone: `midas users list` shows those that there are.": (
        "Esta cuenta ya no existe: mire la lista de personas."
    ),
    "This is the last admin who can sign in: make another account an admin first.": (
        "Es el último administrador que puede iniciar sesión: haga antes administradora otra cuenta."
    ),
    "This link was used already or has expired: ask an admin of Midas for a new one.": (
        "Este enlace ya se usó o ha caducado: pida otro a un administrador de Midas."
    ),
    "{} is the group of all who are signed in: choose another name.": (
        "{} es el grupo de todas las personas con sesión: elija otro nombre."
    ),
    "There is already a group {}: choose another name.": "Ya hay un grupo {}: elija otro nombre.",
    "There is no group {} (there are: {}): make it with `midas groups add NAME`.": (
        "No hay ningún grupo {} (hay: {}): créelo antes, en Personas."
    ),
    "You are signed in no longer, or your key was revoked: sign in again, or ask an admin of Midas.": (
        "Su sesión ha terminado o su clave se revocó: entre de nuevo, o pregunte a un administrador de Midas."
    ),
    "There is no key {}: it was revoked, or never made.": "No hay ninguna clave {}: se revocó, o nunca se creó.",
    "Many sign in at this moment: wait a second and try again.": (
        "Muchas personas entran en este momento: espere un segundo y repita."
    ),
    "That was too often: wait {} seconds and try again.": "Han sido demasiados intentos: espere {} segundos y repita.",
    "{} can't be a name: use {}, {} at most.": "{} no puede ser un nombre: use {}, {} como máximo.",
    "The account {} signs in at {}, not through a proxy.": "La cuenta {} inicia sesión en {}, no a través de un proxy.",
    "This account is disabled: ask an admin of Midas.": "Esta cuenta está desactivada: consulte a un administrador de Midas.",
    "A password has {} to {} characters: choose another.": "Una contraseña tiene de {} a {} caracteres: elija otra.",
    "This password is easy to guess: choose one without your name and with more different characters.": (
        "Esta contraseña es fácil de adivinar: elija una sin su nombre y con más caracteres distintos."
    ),
    "This is for the role {}, yours is {}: ask an admin of Midas for it.": (
        "Esto es para el rol {} y el suyo es {}: pídalo a un administrador de Midas."
    ),
    "{} is not an absolute path of the server: give it from its root.": (
        "{} no es una ruta absoluta del servidor: indíquela desde la raíz."
    ),
    "Folders of the server can't be loaded from here: an admin of the server sets watch.roots.": (
        "Desde aquí no se pueden cargar carpetas del servidor: un administrador del servidor debe definir watch.roots."
    ),
    "{} lies outside the folders that may be loaded: choose one in {}.": (
        "{} está fuera de las carpetas que se pueden cargar: elija una dentro de {}."
    ),
    "The answer was cut off: ask again.": "La respuesta se cortó: pregunte de nuevo.",
    "The search text is empty: write some words.": "El texto que se busca está vacío: escriba algunas palabras.",
    "Collection {} has no document {}: `midas documents list {}` shows its documents.": (
        "La colección {} no tiene el documento {}: `midas documents list {}` muestra los que hay."
    ),
    "{} has a back end {} already: choose another name, or change its section there.": (
        "{} ya tiene un motor {}: elija otro nombre, o cambie allí su sección."
    ),
    "{} has no back end {}: look at the sections [backends.NAME] there.": (
        "{} no tiene el motor {}: mire allí las secciones [backends.NOMBRE]."
    ),
    "{} defines its back ends in a way that can't be changed from here: change the file by hand.": (
        "{} define sus motores de una forma que no se puede cambiar desde aquí: cambie el archivo a mano."
    ),
    "{} did not arrive with the {} bytes that were announced: send it again.": (
        "{} no llegó con los {} bytes anunciados: envíelo de nuevo."
    ),
    "The name {} has control characters: rename the file.": (
        "El nombre {} tiene caracteres de control: cambie el nombre del archivo."
    ),
    "The name {} is an absolute path: give one relative to the folder that is uploaded.": (
        "El nombre {} es una ruta absoluta: indique una relativa a la carpeta que se sube."
    ),
    "A file has no name: give it one.": "Un archivo no tiene nombre: póngale uno.",
    "The name {} leads out of the folder that is uploaded: give it without '..'.": (
        "El nombre {} sale de la carpeta que se sube: indíquelo sin «..»."
    ),
    "The name {} is reserved by Windows: rename the file.": (
        "El nombre {} está reservado por Windows: cambie el nombre del archivo."
    ),
    "The name {} is too long: shorten it to {} characters, {} with its folders.": (
        "El nombre {} es demasiado largo: acórtelo a {} caracteres, {} con sus carpetas."
    ),
    "The file has not arrived: upload it again.": "El archivo no ha llegado: súbalo de nuevo.",
    "This upload waits for no file with the number {}: look at the files of the job.": (
        "Esta subida no espera ningún archivo con el número {}: mire los archivos de la tarea."
    ),
    "Nothing of this job can be tried again: upload the files anew.": (
        "No se puede repetir nada de esta tarea: suba de nuevo los archivos."
    ),
    "The disk has room for {} MiB only: free some space, or upload fewer files.": (
        "En el disco solo caben {} MiB: libere espacio, o suba menos archivos."
    ),
    "There are no files to upload; hidden and temporary ones are left out: choose others.": (
        "No hay archivos que subir; los ocultos y los temporales no cuentan: elija otros."
    ),
    "Another file of this upload is called {} too: rename one of them.": (
        "Otro archivo de esta subida también se llama {}: cambie el nombre de uno."
    ),
    "Files of this type are not taken, only {}: save it as one of them.": (
        "No se admiten archivos de este tipo, solo {}: guárdelo como uno de ellos."
    ),
    "This upload takes no more files, it has begun or was cancelled: start another one.": (
        "Esta subida ya ha empezado o se canceló, y no admite más archivos: empiece otra."
    ),
    "{} can't be written ({}): free disk space and upload again.": (
        "{} no se puede escribir ({}): libere espacio en el disco y suba de nuevo los archivos."
    ),
    "There is no file of version {} of this document: look at its history.": (
        "No hay archivo de la versión {} de este documento: mire su historial."
    ),
    "There is no form {}/{}.": "No hay ningún formulario {}/{}.",
    "There is no tab {}.": "No hay ninguna pestaña {}.",
    "{} is no page: write document | page | quote, one a line.": (
        "{} no es una página: escriba documento | página | cita, una por línea."
    ),
    "Choose a file first.": "Elija antes un archivo.",
    "The question {} is no longer in the set: go back to the set.": (
        "La pregunta {} ya no está en el conjunto: vuelva al conjunto."
    ),
    "The question can't be kept ({}): correct it.": "La pregunta no se puede guardar ({}): corríjala.",
    "Choose at least one collection.": "Elija al menos una colección.",
    "{} is not about the collection {}: choose one that it is about, or a new name.": (
        "{} no trata de la colección {}: elija una de las suyas, o un nombre nuevo."
    ),
    "Choose at least one back end.": "Elija al menos un motor.",
    "Choose which answer is better.": "Elija qué respuesta es mejor.",
    "This page is not for your account.": "Esta página no es para su cuenta.",
    "The pages have no such route: /docs lists the API.": "Las páginas no tienen esa ruta: la API está en /docs.",
    "This page was opened by somebody else: load it anew.": "Otra persona abrió esta página: cárguela de nuevo.",
}

FRAGMENTS: dict[str, str] = {
    "the last message must be a question of role user": "el último mensaje debe ser una pregunta con el papel user",
    "it has parts that are no text: leave pictures and files out": (
        "tiene partes que no son texto: deje fuera imágenes y archivos"
    ),
    "the question has more than {} characters: ask a shorter one": "la pregunta tiene más de {} caracteres: haga una más corta",
    "The section": "La sección",
    "none yet": "ninguno todavía",
    "{} can't be a name: use a letter or digit, then letters, digits and . @ + - _, {} at most.": (
        "{} no puede ser un nombre: use una letra o cifra y después letras, cifras y . @ + - _, {} caracteres como máximo."
    ),
    "{} can't be a name: use a letter or digit, then letters, digits, spaces and . & @ + - _, {} at most.": (
        "{} no puede ser un nombre: use una letra o cifra y después letras, cifras, espacios y . & @ + - _, {} caracteres "
        "como máximo."
    ),
    "This is for the role admin, yours is evaluator: ask an admin of Midas for it.": (
        "Esto es para administradores y su rol es evaluador: pídalo a un administrador de Midas."
    ),
    "This is for the role admin, yours is employee: ask an admin of Midas for it.": (
        "Esto es para administradores y su rol es empleado: pídalo a un administrador de Midas."
    ),
    "This is for the role evaluator, yours is employee: ask an admin of Midas for it.": (
        "Esto es para evaluadores y su rol es empleado: pídalo a un administrador de Midas."
    ),
}
"""What sentences are filled with, and sentences that the program puts together."""
