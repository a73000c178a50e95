"""The page of those who load documents and run the server: one tab for each subject, built in the browser by `manage.js`."""

from __future__ import annotations

from ui.house import House
from ui.web.kit import canvas
from ui.web.language import PageLanguage
from ui.web.manage_texts import TEXTS


def manage_page(house: House, language: PageLanguage) -> None:
    """Fills the open `gr.Blocks`."""
    canvas("manage", TEXTS, language)
