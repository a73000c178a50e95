"""What people do with their own account."""

from __future__ import annotations

from ui.desks.desk import Desk
from ui.ledger.audit import Action
from ui.people.accounts import Account
from ui.people.errors import WrongPassword
from ui.people.views import KeyView, NewKey, SessionView, UserView
from ui.person import NotAllowed, Scope


class OwnAccount(Desk):
    """For everyone who has an account and came themselves: a key that got out must not make more keys."""

    def me(self) -> UserView:
        """Raises NotAllowed for the person of a server without sign-in."""
        return UserView.of(self._account())

    def change_password(self, current: str, new: str) -> None:
        """All sessions end, this one too. Raises WrongPassword, TooMany, WeakPassword, NotAllowed."""
        account = self._own()
        if not account.has_password:
            raise NotAllowed("This account has no password here: change it where you sign in.")
        self.house.limits.trying(account.name, "")
        if self.house.accounts.verify(account.name, current) is None:
            raise WrongPassword("The current password is wrong.")
        self.house.limits.succeeded(account.name, "")
        self.house.accounts.set_password(account.id, new)
        self._write_down("password_changed", account.name)

    def sessions(self) -> list[SessionView]:
        """Those that are open, the one used last first."""
        current = self.person.credential if self.person.entry == "session" else None
        return [SessionView.of(session, current) for session in self.house.register.sessions.of(self._own().id)]

    def end_other_sessions(self) -> int:
        """How many were ended."""
        account = self._own()
        ended = self.house.register.sessions.end_others(account.id, self.person.credential)
        self._write_down("session_ended", account.name, f"{ended} others")
        return ended

    def sign_out(self) -> None:
        """Ends the session that asks."""
        account = self._own()
        if self.person.credential is not None:
            self.house.register.sessions.end(self.person.credential)
        self._write_down("signed_out", account.name)

    def keys(self) -> list[KeyView]:
        """The newest first."""
        account = self._own()
        return [KeyView.of(key, {account.id: account.name}) for key in self.house.register.keys.all(account.id)]

    def make_key(self, name: str, scope: Scope = "ask", days: float | None = None) -> NewKey:
        account = self._own()
        key, secret = self.house.register.keys.make(account.id, name, scope, days)
        self._write_down("key_made", key.id, f"{name}, {scope}")
        return NewKey(KeyView.of(key, {account.id: account.name}), secret)

    def revoke_key(self, key_id: str) -> None:
        """Raises KeyNotFound, also for somebody else's key."""
        key = self.house.register.keys.revoke(key_id, self._own().id)
        self._write_down("key_revoked", key.id, key.name)

    def _account(self) -> Account:
        account = self.house.accounts.get(self.person.id)
        if account is None:
            raise NotAllowed("This needs an account: `midas users add NAME --role admin` makes the first.")
        return account

    def _own(self) -> Account:
        if self.person.entry not in ("session", "proxy"):
            raise NotAllowed("This needs you, not a key: sign in.")
        return self._account()

    def _write_down(self, action: Action, subject: str, detail: str = "") -> None:
        self.house.ledger.audit(self.person, action, subject, detail)
