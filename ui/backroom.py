"""What the command line needs of a house to look after people, beside a server that may be running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, cast

from ui.address import read_address, server_url
from ui.command import load_settings
from ui.desks.people import People
from ui.ledger.books import Books
from ui.memory.memory import Memory
from ui.people.register import Register
from ui.person import SERVER
from ui.service import Service, connect

if TYPE_CHECKING:
    from ui.house import House


class Backroom:
    """The parts that the desk for people works with. Their databases may be open in several processes; what belongs to the
    server alone is reached through it."""

    def __init__(self) -> None:
        self.settings = load_settings()
        self.register = Register(self.settings)
        self.accounts = self.register.accounts
        self.ledger = Books(self.settings.home)
        self.memory = Memory(self.settings.home, owned=False)
        self._service: Service | None = None

    @property
    def service(self) -> Service:
        """Opened only where a command needs collections."""
        if self._service is None:
            self._service = connect(self.settings)
        return self._service

    def close(self) -> None:
        if self._service is not None:
            self._service.close()
        self.memory.close()
        self.ledger.close()
        self.register.close()


@contextmanager
def people_desk() -> Iterator[People]:
    """For whoever may read the data directory: they could change its files as well."""
    with closing(Backroom()) as backroom:
        yield People(cast("House", backroom), SERVER)


def base_url(desk: People) -> str:
    """The beginning of links: what settings say, the running server's address, or where it would listen."""
    settings = desk.house.settings
    address = read_address(settings.home)
    return address.people_url if address else server_url(settings.server)
