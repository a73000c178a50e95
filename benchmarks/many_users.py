"""Many people chat at once, over HTTP as the page does and in real browsers: `python -m benchmarks many_users`.

Every question holds a marker of its own that the scripted model writes into its answer. Each person sees only their own
markers, in what is streamed and in what is kept; nothing asked is lost; and the server's memory is flat: `benchmarks.memory`
says what that means. `--rate` is what all ask together in a minute; who waited long for an answer asks on at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.memory import Memory
from tests.browser import CHROMIUM, FLAGS
from tests.fake_openai import FakeOpenAI, Messages, running
from tests.people import add_person, session_of
from tests.serving import ANSWER_ES, QUESTION_ES, Midas, Server, make_midas, write_documents

MARK = re.compile(r"u\d{3}q\d{4}")
SETTINGS = "[access]\nquestions_per_minute = 600\n"
TURNS = 5
"""Questions of a conversation; then the person begins another one."""
KEPT = "a kept conversation is not what was asked"


@dataclass
class Tally:
    """What all people saw."""

    asked: int = 0
    seconds: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def answered(self, mark: str, shown: str, seconds: float) -> None:
        self.seconds.append(seconds)
        self.check([mark], shown, "foreign or missing words in an answer")

    def check(self, own: Sequence[str], shown: str, kind: str) -> None:
        if set(MARK.findall(shown)) != set(own):
            self.count(kind, f"{sorted(set(MARK.findall(shown)))} instead of {sorted(own)}: {shown[:300]}")

    def count(self, kind: str, example: str) -> None:
        self.wrong[kind] += 1
        self.examples.append(f"{kind}: {example}")


@dataclass
class Talker:
    """A person: asks, reads, thinks, asks on; begins a new conversation now and then, and reads the old one again.

    `pace_s` lies between one question and the next, whatever the answer took; `due` is when the next one is to be asked.
    """

    number: int
    server: Server
    session: str
    tally: Tally
    pace_s: float
    until: float
    due: float = 0
    marks: list[str] = field(default_factory=list)
    asked: int = 0

    def next_mark(self) -> str:
        self.asked += 1
        self.tally.asked += 1
        mark = f"u{self.number:03d}q{self.asked:04d}"
        self.marks.append(mark)
        return mark

    async def talk(self) -> None:
        self.due = time.monotonic() + random.uniform(0, self.pace_s)
        await asyncio.sleep(self.due - time.monotonic())
        while time.monotonic() < self.until:
            self.marks = []
            try:
                await self.converse()
            except Exception as error:
                self.tally.count("a failure", f"{type(error).__name__} {error}"[:500])
                await asyncio.sleep(1)

    async def converse(self) -> None:
        raise NotImplementedError

    async def think(self) -> bool:
        """Until the next question is due; whether there is time for it in this conversation."""
        self.due += random.uniform(0.5, 1.5) * self.pace_s
        await asyncio.sleep(self.due - time.monotonic())
        return len(self.marks) < TURNS and time.monotonic() < self.until


class Caller(Talker):
    """Over HTTP, with the requests of the page."""

    async def converse(self) -> None:
        headers = {"Origin": self.server.url}
        cookies = {"midas_session": self.session}
        async with httpx.AsyncClient(
            base_url=self.server.url, headers=headers, cookies=cookies, timeout=120, trust_env=False
        ) as http:
            for address in ("/es/chat/", "/page/es/chat/start"):
                (await http.get(address)).raise_for_status()
            conversation = None
            while True:
                conversation = await self._ask(http, conversation)
                if not await self.think():
                    break
            kept = (await http.get(f"/page/es/chat/conversations/{conversation}")).raise_for_status().json()
            self.tally.check(self.marks, kept["html"], KEPT)

    async def _ask(self, http: httpx.AsyncClient, conversation: str | None) -> str:
        mark, started = self.next_mark(), time.monotonic()
        begun, html = None, ""
        body = {"question": f"{QUESTION_ES} ({mark})", "conversation": conversation}
        async with http.stream("POST", "/page/es/chat/ask", json=body) as response:
            if response.status_code != 200:
                raise RuntimeError(f"{response.status_code} {(await response.aread())[:200]!r}")
            async for line in response.aiter_lines():
                if not line:
                    continue
                news = json.loads(line)
                begun = news.get("begun") or begun
                html = news.get("done") or html
        self.tally.answered(mark, html, time.monotonic() - started)
        assert begun
        return str(begun["conversation"])


class Visitor(Talker):
    """In a browser with a context of its own."""

    browser: Any

    async def converse(self) -> None:
        context = await self.browser.new_context(locale="es-ES")
        try:
            await context.add_cookies([{"name": "midas_session", "value": self.session, "url": self.server.url}])
            page = await context.new_page()
            page.set_default_timeout(120_000)
            await page.goto(f"{self.server.url}/es/chat/")
            while True:
                await self._ask(page)
                if not await self.think():
                    break
            await page.reload()
            await page.locator(f".turn:nth-child({len(self.marks)})[data-state=done]").wait_for()
            self.tally.check(
                self.marks, await page.locator("#thread").inner_html(), "a kept conversation is not what was asked"
            )
        finally:
            await context.close()

    async def _ask(self, page: Any) -> None:
        mark, started = self.next_mark(), time.monotonic()
        await page.locator("#question").fill(f"{QUESTION_ES} ({mark})")
        await page.keyboard.press("Enter")
        turn = page.locator(f".turn:nth-child({len(self.marks)})[data-state=done]")
        await turn.wait_for()
        self.tally.answered(mark, await turn.inner_html(), time.monotonic() - started)


def echo(messages: Messages) -> str:
    """The answer with the marker of the last question."""
    marks = MARK.findall(str(messages[-1]["content"]))
    return f"{ANSWER_ES} Su marca es {marks[-1]} [1]." if marks else ANSWER_ES


async def chat(midas: Midas, server: Server, options: argparse.Namespace) -> tuple[Tally, Memory]:
    tally = Tally()
    memory = Memory(psutil.Process(server.process.pid), lambda: len(tally.seconds))
    pace, until = 60 * options.users / options.rate, time.monotonic() + options.minutes * 60
    watching = asyncio.create_task(memory.watch())
    async with browsing(options.browsers) as browser:
        people = []
        for number in range(options.users):
            kind = Visitor if number < options.browsers else Caller
            session = session_of(midas.home, f"persona{number}")
            person = kind(number, server, session, tally, pace, until)
            if isinstance(person, Visitor):
                person.browser = browser
            people.append(person)
        await asyncio.gather(*(person.talk() for person in people))
    watching.cancel()
    return tally, memory


class browsing:
    """A headless Chromium, or None where no person needs one."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._driver: Any = None

    async def __aenter__(self) -> Any:
        if not self._wanted:
            return None
        from playwright.async_api import async_playwright

        self._driver = await async_playwright().start()
        return await self._driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

    async def __aexit__(self, *error: object) -> None:
        if self._driver:
            await self._driver.stop()


def told(tally: Tally, memory: Memory, options: argparse.Namespace) -> str:
    """The figures as a Markdown table."""
    quick = statistics.quantiles(tally.seconds, n=20)
    rows = [
        ("people at once (of them in a browser)", f"{options.users} ({options.browsers})"),
        ("minutes", f"{options.minutes:g}"),
        ("questions asked", tally.asked),
        ("answers that arrived", len(tally.seconds)),
        ("seconds to the whole answer, half / 95 %", f"{quick[9]:.1f} / {quick[18]:.1f}"),
        *((kind, count) for kind, count in tally.wrong.items()),
        ("lost, foreign or failed", tally.wrong.total()),
        *memory.rows(),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks many_users")
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--browsers", type=int, default=5, help="how many of them use a browser")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=150, help="questions that all together ask in a minute")
    parser.add_argument("--out", type=Path, help="write memory samples and what went wrong to this JSON file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, running(FakeOpenAI(reply=echo, token_s=0.02)) as fake:
        midas = make_midas(Path(folder) / "home", fake, SETTINGS)
        midas.run("ingest", str(write_documents(Path(folder) / "documents")), "--collection", "empresa")
        for number in range(options.users):
            add_person(midas.home, f"persona{number}")
        midas.run("collections", "share", "empresa", "everyone")
        with midas.serving() as server:
            tally, memory = asyncio.run(chat(midas, server, options))
    print(told(tally, memory, options))
    for example in tally.examples[:10]:
        print(f"\n{example}")
    if options.out:
        options.out.write_text(json.dumps({"memory": memory.told(), "wrong": tally.examples}, ensure_ascii=False))
    if tally.wrong:
        raise SystemExit(1)
