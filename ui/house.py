"""Everything one server works with."""

from __future__ import annotations

from assistant.config import Settings
from ingest.pages import Pages
from ui.entrance import Entrance
from ui.evaluations import Evaluations
from ui.jobs import Jobs
from ui.ledger.books import Books
from ui.ledger.metrics import Metrics
from ui.ledger.sweeping import Sweeper
from ui.memory.memory import Memory
from ui.memory.votes import Votes
from ui.memory.writing import Writings
from ui.orders import Orders
from ui.people.limits import Limits
from ui.people.oidc import SignInService
from ui.people.register import Register
from ui.roots import Roots
from ui.service import LocalService
from ui.uploads import Uploads
from ui.watcher import Watcher


class House:
    """The parts, each made once. Pages and routes reach them through the desks (`ui.desks`), which know who asks."""

    def __init__(self, settings: Settings, service: LocalService, jobs: Jobs, token: str) -> None:
        self.settings = settings
        self.service = service
        self.jobs = jobs
        self.ledger = Books(settings.home)
        self.metrics = Metrics(self)
        self.memory = Memory(settings.home)
        self.votes = Votes(self.memory.database)
        self.writings = Writings(self.memory)
        self.sweeper = Sweeper(settings, self.memory, self.ledger)
        self.pages = Pages(settings.ingest)
        self.uploads = Uploads(settings, service, jobs)
        self.roots = Roots(settings.watch.roots)
        self.orders = Orders(service, jobs, self.roots)
        self.watcher = Watcher(settings.watch, service, jobs, self.roots)
        self.evaluations = Evaluations()
        self.register = Register(settings)
        self.accounts = self.register.accounts
        self.limits = Limits(settings.access)
        self.sign_in_service = SignInService(settings.access.oidc) if settings.access.oidc else None
        self.entrance = Entrance(settings, token, self.register)

    def begin(self) -> None:
        """Takes up what a stop of the server interrupted, and what it does by itself. Indexes are built anew before uploads are
        read, which may need that."""
        self.orders.resume()
        self.uploads.resume()
        self.watcher.start()

    def close(self) -> None:
        """What the server itself opened; service and jobs belong to who made them."""
        self.watcher.close()
        self.sweeper.close()
        self.writings.close()
        self.memory.close()
        self.ledger.close()
        self.pages.close()
        self.evaluations.close()
        self.register.close()
