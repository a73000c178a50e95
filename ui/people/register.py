"""All that is known about people, opened together."""

from __future__ import annotations

from assistant.config import Settings
from ui.people.accounts import Accounts
from ui.people.database import open_database
from ui.people.groups import Groups
from ui.people.invitations import Invitations
from ui.people.keys import Keys
from ui.people.outside import Outside
from ui.people.secret import signing_key
from ui.people.sessions import Sessions
from ui.person import Person

HOUR_SECONDS = 3600.0


class Register:
    """Of one data directory. Several processes may have it open."""

    def __init__(self, settings: Settings) -> None:
        self._database = open_database(settings.home)
        self.key = signing_key(settings.home)
        self.groups = Groups(self._database)
        self.accounts = Accounts(self._database, self.groups)
        self.outside = Outside(self.accounts, self.groups)
        self.keys = Keys(self._database)
        self.invitations = Invitations(self._database)
        idle_s, longest_s = (
            HOUR_SECONDS * hours for hours in (settings.access.session_idle_hours, settings.access.session_hours)
        )
        self.sessions = Sessions(self._database, self.key, idle_s, longest_s)

    def admits(self, person: Person) -> bool:
        """Whether the account and the session or key with which this person came in still hold."""
        if person.entry != "proxy" and person.credential is None:
            return True
        if self.accounts.person(person.id) is None:
            return False
        if person.credential is None:
            return True
        return self.keys.holds(person.credential) if person.entry == "key" else self.sessions.holds(person.credential)

    def close(self) -> None:
        self._database.close()
