"""People whom something else has signed in: a sign-in service, or a proxy."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from ui.people.accounts import Account, Accounts
from ui.people.errors import LastAdmin, NameTaken, SignInFailed
from ui.people.groups import Groups
from ui.people.names import folded
from ui.person import Role

PROXY = "proxy"
"""Stands for a service in the accounts that a proxy brought."""


class Outside:
    """Finds their accounts, and makes those that are not there. A service's person is known by the service's own id, never by
    a name: otherwise whoever can choose a name there could take over an account here."""

    def __init__(self, accounts: Accounts, groups: Groups) -> None:
        self._accounts = accounts
        self._groups = groups

    def from_service(self, issuer: str, subject: str, name: str, groups: Iterable[str] | None, role: Role | None) -> Account:
        """Of groups, those that Midas has; None leaves them, and the role, as they are.

        Raises NameTaken, BadName, SignInFailed.
        """
        account = self._accounts.at(issuer, subject)
        if account is None:
            account = self._accounts.add(name, role or "employee", issuer=issuer, subject=subject)
        return self._brought_up_to_date(account, groups, role)

    def from_proxy(self, name: str, groups: Iterable[str] | None) -> Account:
        """The proxy speaks for all names but those of a service. Raises NameTaken, BadName, SignInFailed."""
        account = self._accounts.find(name)
        if account is None:
            account = self._accounts.add(name, "employee", issuer=PROXY, subject=folded(name))
        if account.issuer not in (None, PROXY):
            raise NameTaken(f"The account {account.name!r} signs in at {account.issuer}, not through a proxy.")
        return self._brought_up_to_date(account, groups, None)

    def _brought_up_to_date(self, account: Account, groups: Iterable[str] | None, role: Role | None) -> Account:
        if account.disabled:
            raise SignInFailed("This account is disabled: ask an admin of Midas.")
        if role is not None and role != account.role:
            with suppress(LastAdmin):
                self._accounts.set_role(account.id, role)
        if groups is not None and (known := self._groups.known(groups)) != account.groups:
            self._accounts.set_groups(account.id, known)
        return self._accounts.get(account.id) or account
