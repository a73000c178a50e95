"""The Spanish of the details in the audit log, for actions whose details are the program's own words."""

from __future__ import annotations

ACTIONS = frozenset(
    "sign_in_failed password_changed session_ended votes_changed feedback_handled collection_changed original_read uploaded"
    " setting_changed source_read backend_checked repaired questions_changed user_disabled group_changed run_started".split()
)
"""All others name people, groups, keys or folders."""
DETAILS: dict[str, str] = {
    "by the sign-in service": "por el servicio de acceso",
    "by link": "por enlace",
    "{} others": "otras {}",
    "taken back": "retirado",
    "seen": "visto",
    "done": "hecho",
    "new": "nuevo",
    "deleted": "eliminado",
    "added": "añadido",
    "changed": "cambiado",
    "removed": "quitado",
    "made the default": "por defecto",
    "described": "descrito",
    "private": "privada",
    "not private": "no privada",
    "description": "descripción",
    "contact": "contacto",
    "version {}": "versión {}",
    "{} files": "{} archivos",
    "paused": "en pausa",
    "watched again": "vigilada de nuevo",
    "text": "texto",
    "chunks {} to {}": "fragmentos {} a {}",
    "page {}": "página {}",
    "slide {}": "diapositiva {}",
    "sheet {}": "hoja {}",
    "record {}": "registro {}",
    "works": "funciona",
    "does not work": "no funciona",
    "{} findings": "hallazgos: {}",
    "disabled": "desactivada",
    "enabled": "activada",
    "run": "ejecución",
    "score": "puntuación",
    "candidates": "preguntas propuestas",
}
