"""Accounts, groups, and the keys of all."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.prompts import Language
from ingest.errors import ConfigError
from ui.desks.desk import Desk
from ui.ledger.audit import Action
from ui.ledger.books import made_up_name
from ui.people.accounts import Account
from ui.people.groups import Group
from ui.people.invitations import LASTS_SECONDS
from ui.people.register import HOUR_SECONDS
from ui.people.sharing import unshare
from ui.people.views import AddedUser, KeyView, LinkView, NewKey, UserView
from ui.person import Role, Scope


class People(Desk):
    """For admins. Accounts are found by their names, whatever the capitals."""

    least = "admin"

    def users(self) -> list[UserView]:
        """All accounts, by name."""
        return [UserView.of(account) for account in self.house.accounts.all()]

    def user(self, name: str) -> UserView:
        """Raises AccountNotFound."""
        return UserView.of(self.house.accounts.named(name))

    def add(self, name: str, role: Role = "employee", groups: Sequence[str] = (), language: Language = "es") -> AddedUser:
        """A new account, with the link, in this language, by which its owner sets a password. Raises NameTaken, BadName,
        GroupNotFound."""
        account = self.house.accounts.add(name, role, groups)
        self._write_down("user_added", account.name, f"{role} {', '.join(account.groups)}".strip())
        return AddedUser(UserView.of(account), self._link(account, language))

    def change(
        self, name: str, *, role: Role | None = None, groups: Sequence[str] | None = None, disabled: bool | None = None
    ) -> UserView:
        """What is None stays. It holds from the person's next request on. Raises AccountNotFound, GroupNotFound, LastAdmin."""
        account = self.house.accounts.named(name)
        if role is not None and role != account.role:
            self.house.accounts.set_role(account.id, role)
            self._write_down("user_changed", account.name, f"role {account.role} -> {role}")
        if groups is not None:
            self.house.accounts.set_groups(account.id, groups)
            self._write_down("user_changed", account.name, f"groups {', '.join(groups)}")
        if disabled is not None and disabled != account.disabled:
            self.house.accounts.set_disabled(account.id, disabled)
            self._write_down("user_disabled", account.name, "disabled" if disabled else "enabled")
        return self.user(name)

    def set_password(self, name: str, password: str) -> None:
        """All sessions of the account end. Raises AccountNotFound, WeakPassword, ConfigError."""
        account = self._local(name)
        self.house.accounts.set_password(account.id, password)
        self._write_down("password_changed", account.name)

    def link(self, name: str, language: Language = "es") -> LinkView:
        """A link that sets a new password, to a page in this language; the one before holds no longer. Raises AccountNotFound,
        ConfigError."""
        return self._link(self._local(name), language)

    def forget(self, name: str) -> None:
        """Deletes the account with its sessions, keys and conversations; its name goes from the ledger and from evaluations.

        What fails in the middle can be asked for again: the account goes last, and is closed until then. Raises
        AccountNotFound, LastAdmin, StoreError.
        """
        from eval.forgetting import rename_voter
        from ui.desks.question_sets import rename_author

        account = self.house.accounts.named(name)
        self.house.accounts.set_disabled(account.id, True)
        home, nobody = self.house.settings.home, made_up_name()
        rename_voter(home, account.name, nobody)
        rename_author(home, account.name, nobody)
        self.house.memory.forget(account.id)
        self.house.ledger.forget(account.id, account.name)
        self.house.accounts.delete(account.id)
        self._write_down("user_forgotten", account.id)

    def groups(self) -> list[Group]:
        """By name, with their members; `everyone` is not among them."""
        return self.house.register.groups.all()

    def add_group(self, name: str, description: str = "") -> Group:
        """Raises NameTaken, BadName."""
        kept = self.house.register.groups.add(name, description)
        self._write_down("group_changed", kept, "added")
        return self._group(kept)

    def change_group(self, name: str, description: str) -> Group:
        """Raises GroupNotFound."""
        kept = self.house.register.groups.describe(name, description)
        self._write_down("group_changed", kept, "described")
        return self._group(kept)

    def delete_group(self, name: str) -> None:
        """Its members lose what was shared with it. Raises GroupNotFound."""
        kept = self.house.register.groups.resolve([name])[0]
        unshare(self.house.service, self.house.register.groups, kept)
        self.house.register.groups.delete(kept)
        self._write_down("group_changed", kept, "deleted")

    def keys(self, name: str | None = None) -> list[KeyView]:
        """Those of an account, or of all, the newest first. Raises AccountNotFound."""
        account = self.house.accounts.named(name) if name is not None else None
        owners = {each.id: each.name for each in self.house.accounts.all()}
        return [KeyView.of(key, owners) for key in self.house.register.keys.all(account.id if account else None)]

    def make_key(self, owner: str, name: str, scope: Scope = "ask", days: float | None = None) -> NewKey:
        """A key for a program that works in the name of an account. Raises AccountNotFound."""
        account = self.house.accounts.named(owner)
        key, secret = self.house.register.keys.make(account.id, name, scope, days)
        self._write_down("key_made", key.id, f"{name} for {account.name}, {scope}")
        return NewKey(KeyView.of(key, {account.id: account.name}), secret)

    def revoke_key(self, key_id: str) -> None:
        """Raises KeyNotFound."""
        key = self.house.register.keys.revoke(key_id)
        self._write_down("key_revoked", key.id, key.name)

    def _local(self, name: str) -> Account:
        account = self.house.accounts.named(name)
        if account.issuer is not None:
            raise ConfigError(f"{account.name} signs in at {account.issuer}: change the password there.")
        return account

    def _group(self, name: str) -> Group:
        return next(group for group in self.groups() if group.name == name)

    def _link(self, account: Account, language: Language) -> LinkView:
        self._write_down("link_made", account.name)
        path = f"/{language}/link?code={self.house.register.invitations.make(account.id)}"
        return LinkView(f"{self.house.settings.server.public_url or ''}{path}", round(LASTS_SECONDS / HOUR_SECONDS))

    def _write_down(self, action: Action, subject: str, detail: str = "") -> None:
        self.house.ledger.audit(self.person, action, subject, detail)
