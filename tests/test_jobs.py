"""Work on the server: in order, with progress, and with an end that everybody can rely on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ingest.errors import ConfigError
from ingest.progress import FileOutcome
from ui import jobs as module
from ui.jobs import Jobs
from ui.service import Cancelled
from ui.views import FileView, JobView


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    jobs.close()


def wait_for(jobs: Jobs, job: JobView) -> JobView:
    while not jobs.get(job.id).finished:
        threading.Event().wait(0.01)
    return jobs.get(job.id)


def test_a_job_cancelled_while_it_waits_is_never_begun(jobs: Jobs) -> None:
    free, begun, ended = threading.Event(), threading.Event(), list[JobView]()

    def wait(*_: object) -> None:
        free.wait()

    jobs.start("reindex", "empresa", wait)
    waiting = jobs.run(JobView("a", "upload", "otra", "receiving"), lambda *_: begun.set(), ended.append)
    assert (jobs.cancel(waiting.id).state, jobs.pending()) == ("cancelled", 1)
    after = jobs.start("reindex", "empresa", lambda *_: None, "ana")
    free.set()
    assert (wait_for(jobs, after).state, after.owner) == ("done", "ana")
    assert (jobs.get(waiting.id).state, begun.is_set(), [view.state for view in ended]) == ("cancelled", False, ["cancelled"])


def test_the_newest_job_comes_first_and_old_ones_are_forgotten(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    done = [wait_for(jobs, jobs.start("reindex", f"c{number}", lambda *_: None)).id for number in range(5)]
    assert [job.id for job in jobs.all()] == list(reversed(done[-3:]))
    with pytest.raises(ConfigError, match="no job"):
        jobs.get(done[0])


def test_files_are_told_apart_and_what_was_refused_stays_so(jobs: Jobs) -> None:
    twice = (FileView(1, "a.txt", 1), FileView(2, "a.txt", 1, "failed", "same_name"), FileView(3, "b.txt", 1, received=False))
    job = jobs.show(JobView("a", "upload", "docs", "receiving", files=twice))
    jobs.settle(job.id, FileOutcome("a.txt", "ready"))
    jobs.arrived(job.id, 3)
    told = [(file.state, file.reason, file.received) for file in jobs.get(job.id).files]
    assert told == [("ready", None, True), ("failed", "same_name", True), ("waiting", None, True)]


def test_the_end_of_the_server_is_not_the_end_of_a_job() -> None:
    """What it interrupts can be taken up again: nobody tidies it away."""
    jobs, begun, ended = Jobs(), threading.Event(), list[JobView]()

    def work(_: object, cancelled: Cancelled) -> None:
        begun.set()
        while not cancelled():
            threading.Event().wait(0.01)

    running = jobs.run(JobView("a", "upload", "docs", "receiving"), work, ended.append)
    waiting = jobs.run(JobView("b", "upload", "docs", "receiving"), work, ended.append)
    begun.wait()
    jobs.close()
    assert (jobs.get(running.id).state, jobs.get(waiting.id).state, ended) == ("running", "queued", [])
