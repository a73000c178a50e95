"""Questions to a running Midas server, as Locust asks them; `midas eval load` runs this, and it can be run by hand:

    locust -f eval/load_test/locustfile.py --web-host 127.0.0.1 --host http://127.0.0.1:7860 --questions QUESTIONS.jsonl

Its page at http://127.0.0.1:8089 then starts and stops the load and shows it live: `answer` is the time to the verified answer,
`first text` and `token` are TTFT and TPOT. `--rate` makes questions arrive at random instead of from users who wait. Where
people sign in, the environment variable MIDAS_API_KEY holds a key of Midas.

requests is used because Locust's faster client collects 1024 bytes before it hands over any, which would falsify these times.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

import gevent
import requests
from gevent.pool import Group
from locust import User, constant, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from pydantic import TypeAdapter

from eval.exchange import CHAT_PATH, CLIENT, CUT_OFF, KEY, TIMEOUT, UNREACHABLE, Exchange, Sample, chat_body
from eval.questions import Question, load_questions
from ingest.errors import MidasError

SEED = 0
"""Of the arrivals: the same rate gives the same ones."""
BLOCK_BYTES = 2**16
"""At most so much at a time; what a server sends in chunks comes as soon as it is there."""
_SAMPLE = TypeAdapter(Sample)


def _options(parser: LocustArgumentParser) -> None:
    group = parser.add_argument_group("Midas", "What is asked, and how")
    add: Callable[..., Any] = group.add_argument
    add("--questions", required=True, metavar="FILE", help="question set (JSON Lines)")
    add("--backend", metavar="NAME", help="back end that is to answer; default: the server's")
    add("--collections", default="", metavar="NAME,NAME", help="collections to search; default: all")
    add("--patience", type=float, default=120.0, metavar="SECONDS", help="an answer that takes longer is a timeout")
    add("--rate", type=float, metavar="NUMBER", help="questions arrive at random, so many per second from each user")
    add("--once", action="store_true", help="each question once, then end")
    add("--samples", metavar="FILE", help="write what came of each question here (JSON Lines)")


class Asking:
    """What all users of a run share: questions, options, where samples go, and when it began."""

    questions: Iterator[Question]
    samples: Path | None = None
    began = 0.0

    @classmethod
    def prepare(cls, environment: Environment) -> None:
        options: Any = environment.parsed_options
        asked = [question for question in _load(Path(options.questions)) if not question.plain and not question.generated]
        if not asked:
            raise SystemExit(f"midas: {options.questions} has no question about documents: choose another set.")
        cls.questions = iter(asked) if options.once else cycle(asked)
        cls.samples = Path(options.samples) if options.samples else None
        environment.user_classes = [Once if options.once else Arrivals if options.rate else Reader]

    @classmethod
    def keep(cls, sample: Sample) -> None:
        if cls.samples:
            with cls.samples.open("ab") as file:
                file.write(_SAMPLE.dump_json(sample) + b"\n")


def _prepare(environment: Environment, **_: Any) -> None:
    """gevent's timers count from when its loop last looked at the clock: without a new look, the time that Locust took to start
    would be missing from the run's."""
    Asking.prepare(environment)
    gevent.get_hub().loop.update_now()


def _begin(**_: Any) -> None:
    Asking.began = perf_counter()


class Asker(User):
    """Has no task: Locust gives a class the tasks of its bases as well."""

    abstract = True
    wait_time = constant(0)

    def exchange(self, question: Question, began: float) -> None:
        options: Any = self.environment.parsed_options
        exchange = Exchange(question.id, options.backend, began)
        try:
            with gevent.Timeout(options.patience):
                self._stream(exchange, question)
        except gevent.Timeout:
            exchange.fail(TIMEOUT, f"No whole answer within {options.patience:g} s.")
        except Exception as error:  # no question may get lost
            exchange.fail(CLIENT, f"{type(error).__name__}: {error}")
        sample = exchange.sample(Asking.began)
        Asking.keep(sample)
        self._report(sample)

    def _stream(self, exchange: Exchange, question: Question) -> None:
        options: Any = self.environment.parsed_options
        collections = tuple(name for name in options.collections.split(",") if name)
        body, cause = chat_body(question, options.backend, collections), UNREACHABLE
        with requests.Session() as session:
            session.trust_env = False
            if key := os.environ.get(KEY):
                session.headers["Authorization"] = f"Bearer {key}"
            try:
                response = session.post(f"{self.host}{CHAT_PATH}", json=body, stream=True, timeout=options.patience)
                if not response.ok:
                    return exchange.refused(response.status_code, response.text)
                cause = CUT_OFF
                for line in response.iter_lines(BLOCK_BYTES):
                    exchange.line(line.decode("utf-8"))
            except requests.RequestException as error:
                exchange.fail(cause, str(error))

    def _report(self, sample: Sample) -> None:
        """To Locust's own statistics, which its page shows."""
        failed = Exception(sample.cause) if sample.cause else None
        times = (("answer", sample.speed.total_ms), ("first text", sample.first_shown_ms), ("token", sample.speed.tpot_ms))
        for name, milliseconds in times:
            if milliseconds is not None:
                self.environment.events.request.fire(
                    request_type="POST" if name == "answer" else "part",
                    name=name,
                    response_time=milliseconds,
                    response_length=len(sample.text),
                    exception=failed if name == "answer" else None,
                    context={},
                )


class Reader(Asker):
    """Asks anew as soon as it has its answer: a closed loop."""

    @task
    def ask(self) -> None:
        self.exchange(next(Asking.questions), perf_counter())


class Arrivals(Asker):
    """Questions arrive as a Poisson process, whether or not earlier ones are answered: an open loop. Each counts from when it
    should have been asked."""

    def on_start(self) -> None:
        self._chance = random.Random(SEED)
        self._next = perf_counter()
        self._asking = Group()

    def wait_time(self) -> float:
        options: Any = self.environment.parsed_options
        self._next += self._chance.expovariate(options.rate)
        return max(0.0, self._next - perf_counter())

    @task
    def ask(self) -> None:
        self._asking.spawn(self.exchange, next(Asking.questions), min(self._next, perf_counter()))

    def on_stop(self) -> None:
        self._asking.join()


class Once(Asker):
    """Asks what is left of the questions, then ends the run."""

    @task
    def ask(self) -> None:
        question = next(Asking.questions, None)
        if question is None:
            self.environment.runner.quit()
            raise StopUser
        self.exchange(question, perf_counter())


def _load(path: Path) -> list[Question]:
    try:
        return load_questions(path)
    except (MidasError, OSError) as error:
        raise SystemExit(f"midas: {error}") from error


events.init_command_line_parser.add_listener(_options)  # type: ignore[no-untyped-call]
events.init.add_listener(_prepare)  # type: ignore[no-untyped-call]
events.test_start.add_listener(_begin)  # type: ignore[no-untyped-call]
