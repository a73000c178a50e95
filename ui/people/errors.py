"""What can go wrong with people and their credentials."""

from __future__ import annotations

from ingest.errors import ConfigError, MidasError


class AccountNotFound(ConfigError):
    """No account of that name."""


class GroupNotFound(ConfigError):
    """No group of that name."""


class KeyNotFound(ConfigError):
    """No key of that id."""


class NameTaken(ConfigError):
    """Another account or group has the name."""


class BadName(ConfigError):
    """What can't be a name."""


class LastAdmin(ConfigError):
    """Nobody else could administer."""

    def __init__(self) -> None:
        super().__init__("This is the last admin who can sign in: make another account an admin first.")


class WeakPassword(ConfigError):
    """The new password is too easy to guess, or longer than anyone types."""


class WrongPassword(ConfigError):
    """The password that should prove who asks is not theirs."""


class LinkExpired(MidasError):
    """The link was used, has expired, or was replaced by a newer one."""

    def __init__(self) -> None:
        super().__init__("This link was used already or has expired: ask an admin of Midas for a new one.")


class TooMany(MidasError):
    """Somebody asks or tries too often. `wait_s` is how long they must wait."""

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s

    def __reduce__(self) -> tuple[type[TooMany], tuple[str, int]]:
        return TooMany, (str(self), self.wait_s)


class SignedOut(MidasError):
    """Somebody listens with an account, a session or a key that has ended meanwhile."""

    def __init__(self) -> None:
        super().__init__("You are signed in no longer, or your key was revoked: sign in again, or ask an admin of Midas.")


class SignInFailed(MidasError):
    """A sign-in service did not say who somebody is, or Midas can't take them in."""
