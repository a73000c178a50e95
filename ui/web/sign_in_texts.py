"""Texts of the pages for signing in and of the account page."""

from __future__ import annotations

from dataclasses import dataclass

from ui.web.language import PageLanguage


@dataclass(frozen=True, slots=True)
class SignInTexts:
    """Sentences in one language. `{...}` are filled in."""

    language_name: str
    other_language: str
    sign_in: str
    sign_in_lead: str
    name: str
    password: str
    show_password: str
    enter: str
    or_with: str
    wrong: str
    wait: str
    stale_form: str
    forgotten: str
    outside_failed: str
    name_taken: str

    welcome: str
    welcome_first: str
    new_password: str
    repeat: str
    password_rule: str
    different: str
    weak: str
    set_password: str
    link_expired: str
    bad_name: str
    first_name_hint: str

    account: str
    back: str
    role: str
    roles: dict[str, str]
    groups: str
    no_groups: str
    sign_out: str
    change_password: str
    current_password: str
    wrong_current: str
    password_changed: str
    no_own_password: str
    sessions: str
    sessions_lead: str
    this_one: str
    signed_in_at: str
    seen_at: str
    browser: str
    address: str
    sign_out_others: str
    others_ended: str
    keys: str
    keys_lead: str
    no_keys: str
    key_name: str
    key_scope: str
    scopes: dict[str, str]
    key_days: str
    days: dict[str, str]
    make_key: str
    key_made: str
    key_once: str
    copy: str
    copied: str
    made_at: str
    used_at: str
    expires_at: str
    never: str
    revoke: str
    revoke_sure: str
    key_revoked: str
    key_not_made: str

    not_allowed: str
    not_allowed_why: str
    to_chat: str


SPANISH = SignInTexts(
    language_name="Español",
    other_language="English",
    sign_in="Iniciar sesión",
    sign_in_lead="Pregunte a los documentos de su empresa.",
    name="Usuario",
    password="Contraseña",
    show_password="Mostrar la contraseña",
    enter="Entrar",
    or_with="Entrar con {label}",
    wrong="El usuario o la contraseña no son correctos.",
    wait="Demasiados intentos. Espere {minutes} minutos y vuelva a probar.",
    stale_form="La página llevaba demasiado tiempo abierta. Vuelva a intentarlo.",
    forgotten="¿Ha olvidado la contraseña? Pida un enlace nuevo a quien administra Midas.",
    outside_failed="{label} no ha confirmado su identidad. Vuelva a intentarlo o avise a quien administra Midas.",
    name_taken="Ya hay otra cuenta con su nombre de usuario. Avise a quien administra Midas.",
    welcome="Elija su contraseña",
    welcome_first="Cree la primera cuenta",
    new_password="Contraseña nueva",
    repeat="Repita la contraseña",
    password_rule="Al menos {shortest} caracteres. Una frase larga es mejor que muchos signos.",
    different="Las dos contraseñas no coinciden.",
    weak="Esa contraseña es fácil de adivinar: elija otra de {shortest} a {longest} caracteres, sin su nombre y sin repetir"
    " siempre los mismos.",
    set_password="Guardar y entrar",
    link_expired="Este enlace ya se ha usado o ha caducado. Pida uno nuevo a quien administra Midas.",
    bad_name="Ese nombre no es válido: use letras, cifras y . @ + - _, sin espacios, y empiece por una letra o una cifra.",
    first_name_hint="Esta cuenta podrá administrar Midas.",
    account="Su cuenta",
    back="Volver a Midas",
    role="Rol",
    roles={"employee": "Empleado", "evaluator": "Evaluador", "admin": "Administrador"},
    groups="Grupos",
    no_groups="ninguno",
    sign_out="Cerrar sesión",
    change_password="Cambiar la contraseña",
    current_password="Contraseña actual",
    wrong_current="La contraseña actual no es correcta.",
    password_changed="La contraseña se ha cambiado y las demás sesiones se han cerrado.",
    no_own_password="Su contraseña no se guarda en Midas: cámbiela donde inicia sesión.",
    sessions="Sesiones abiertas",
    sessions_lead="Si no reconoce alguna, ciérrelas y cambie la contraseña.",
    this_one="esta sesión",
    signed_in_at="Inicio",
    seen_at="Último uso",
    browser="Navegador",
    address="Dirección",
    sign_out_others="Cerrar las demás sesiones",
    others_ended="Las demás sesiones se han cerrado.",
    keys="Claves de API",
    keys_lead="Con una clave, un programa pregunta en su nombre. Quien la tenga puede lo mismo que usted: guárdela como una"
    " contraseña.",
    no_keys="Todavía no tiene claves.",
    key_name="Para qué es",
    key_scope="Qué permite",
    scopes={"ask": "Solo preguntar y leer las fuentes", "everything": "Todo lo que permite su cuenta"},
    key_days="Caduca",
    days={"30": "en 30 días", "90": "en 90 días", "365": "en un año", "0": "nunca"},
    make_key="Crear la clave",
    key_made="Clave creada",
    key_once="Cópiela ahora: no se volverá a mostrar.",
    copy="Copiar",
    copied="Copiada",
    made_at="Creada",
    used_at="Último uso",
    expires_at="Caduca",
    never="nunca",
    revoke="Revocar",
    revoke_sure="¿Revocar la clave «{name}»? Los programas que la usan dejarán de funcionar.",
    key_revoked="La clave se ha revocado.",
    key_not_made="Escriba para qué es la clave, con 100 caracteres como máximo.",
    not_allowed="Esta página no es para su cuenta",
    not_allowed_why="Hace falta el rol «{needed}» y su cuenta tiene «{role}». Pídalo a quien administra Midas.",
    to_chat="Ir a preguntar",
)

ENGLISH = SignInTexts(
    language_name="English",
    other_language="Español",
    sign_in="Sign in",
    sign_in_lead="Ask your company's own documents.",
    name="User name",
    password="Password",
    show_password="Show the password",
    enter="Sign in",
    or_with="Sign in with {label}",
    wrong="User name or password is wrong.",
    wait="Too many attempts. Wait {minutes} minutes and try again.",
    stale_form="The page was open for too long. Try again.",
    forgotten="Forgot your password? Ask an admin of Midas for a new link.",
    outside_failed="{label} did not confirm who you are. Try again, or tell an admin of Midas.",
    name_taken="Another account has your user name. Tell an admin of Midas.",
    welcome="Choose your password",
    welcome_first="Make the first account",
    new_password="New password",
    repeat="Repeat the password",
    password_rule="{shortest} characters or more. A long phrase is better than many signs.",
    different="The two passwords differ.",
    weak="This password is easy to guess: choose another of {shortest} to {longest} characters, without your name and not of"
    " the same few characters.",
    set_password="Save and sign in",
    link_expired="This link was used already or has expired. Ask an admin of Midas for a new one.",
    bad_name="This can't be a name: use letters, digits and . @ + - _, no spaces, and begin with a letter or a digit.",
    first_name_hint="This account will administer Midas.",
    account="Your account",
    back="Back to Midas",
    role="Role",
    roles={"employee": "Employee", "evaluator": "Evaluator", "admin": "Admin"},
    groups="Groups",
    no_groups="none",
    sign_out="Sign out",
    change_password="Change the password",
    current_password="Current password",
    wrong_current="The current password is wrong.",
    password_changed="The password was changed, and all other sessions have ended.",
    no_own_password="Midas does not keep your password: change it where you sign in.",
    sessions="Open sessions",
    sessions_lead="If you don't know one of them, end them and change your password.",
    this_one="this session",
    signed_in_at="Signed in",
    seen_at="Last used",
    browser="Browser",
    address="Address",
    sign_out_others="Sign out all others",
    others_ended="All other sessions have ended.",
    keys="API keys",
    keys_lead="With a key a program asks in your name. Whoever has it may do what you may: keep it like a password.",
    no_keys="You have no keys yet.",
    key_name="What it is for",
    key_scope="What it allows",
    scopes={"ask": "Only to ask and read the sources", "everything": "All that your account may do"},
    key_days="Expires",
    days={"30": "in 30 days", "90": "in 90 days", "365": "in a year", "0": "never"},
    make_key="Make the key",
    key_made="Key made",
    key_once="Copy it now: it will not be shown again.",
    copy="Copy",
    copied="Copied",
    made_at="Made",
    used_at="Last used",
    expires_at="Expires",
    never="never",
    revoke="Revoke",
    revoke_sure="Revoke the key “{name}”? Programs that use it will stop working.",
    key_revoked="The key was revoked.",
    key_not_made="Write what the key is for, in 100 characters at most.",
    not_allowed="This page is not for your account",
    not_allowed_why="It needs the role “{needed}”, and your account has “{role}”. Ask an admin of Midas for it.",
    to_chat="Go and ask",
)

TEXTS: dict[PageLanguage, SignInTexts] = {"es": SPANISH, "en": ENGLISH}
