"""Document -> chunks: by structure first, then by sentence.

A chunk stays under one heading path; small sections may share a chunk when they stand next to each other below the same
heading. A table has its own chunks; so has a slide, sheet or record. Inside a section a dynamic programme chooses the cuts:
few chunks of even size, rather cut between paragraphs than inside one, hardly ever between a list and the sentence that leads
to it. A heading that is in the chunk's heading path is not repeated in its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise, takewhile

from ingest.config import ChunkingSettings
from ingest.sentences import Span, line_spans, sentence_spans
from ingest.text import detect_language, fold
from ingest.types import BLOCK_SEPARATOR, Block, Chunk, Document, Embedder

CountTokens = Callable[[Sequence[str]], list[int]]
Path = tuple[str, ...]

SPECIAL_TOKENS = 16
"""Room kept for an embedder's prefix and special tokens under its `max_tokens`."""
HEADING_SHARE = 3
"""The heading path may take one third of a chunk; outer headings are left out first."""
HEADER_SHARE = 2
"""A table's header is repeated when it takes at most half of a chunk: rows without their columns say nothing."""
SMALL_SHARE = 4
"""A section under a quarter of a chunk is small: it may share a chunk with its neighbour."""
UNIT_CHARS = 40
"""Shorter sentences and rows are not cut from the next one: "Sí." alone is no passage, and a hostile file has millions."""
COUNTED_AT_ONCE = 2_000
MOST_CHARS_A_TOKEN = 12
"""Text longer than this many characters a token is too long without counting."""

CHUNK_COST, SENTENCE_CUT, PIECE_CUT, LEAD_CUT = 1.0, 0.15, 0.6, 2.0

_CAPTION = re.compile(r"(?:tabla|cuadro|table)\b|.*:$", re.IGNORECASE | re.DOTALL)
_CAPTION_CHARS = 160
_CLAUSE_END = re.compile(r"[;:,|](?=\s)|\s[–—-](?=\s)")


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never cut: a sentence, a list item, a table row, or a piece of one that was too long.

    `cut` is the cost of ending a chunk after it. `block` is the number of its block.
    """

    start: int
    end: int
    block: int
    tokens: int = 0
    cut: float = 0.0


@dataclass(frozen=True, slots=True)
class _Section:
    """Consecutive units under one heading path; a table is a section of its own, with its header's text as `header`."""

    path: Path
    units: tuple[_Unit, ...]
    place: tuple[int | None, ...] = ()
    header: str = ""
    is_table: bool = False
    header_tokens: int = 0
    """0 when the header is too long to be repeated."""
    headings: Path = ()
    """The path as the chunks carry it: with the title, without what is too long."""
    room: int = 0
    """Tokens that the heading path leaves for the text."""

    @property
    def tokens(self) -> int:
        return sum(unit.tokens for unit in self.units)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A chunk before its tokens are checked."""

    section: _Section
    units: tuple[_Unit, ...]
    prefix: str = ""


@dataclass(frozen=True)
class _Run:
    """What chunking one document needs to know. `root` is the title, where no heading says it."""

    document: Document
    count: CountTokens
    limit: int
    root: Path
    offsets: list[int]
    heading_tokens: dict[str, int] = field(default_factory=dict)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.document.blocks


def chunk_document(document: Document, embedder: Embedder, settings: ChunkingSettings) -> list[Chunk]:
    """The chunks of a document, in reading order; no two overlap, and none has more tokens than the settings say.

    Together they hold every character but white space, headings that are in heading paths, and nothing else twice
    except a long table's header (`Chunk.prefix`).
    """
    limit = min(settings.tokens, embedder.max_tokens - SPECIAL_TOKENS)
    run = _Run(document, _in_batches(embedder.count_tokens), limit, _root(document), _offsets(document.blocks))
    sections = [_shortened(section, run) for section in _merged(_sections(run), run)]
    drafts = [draft for section in sections for draft in _pack(section, run)]
    return _chunks(drafts, run)


def _root(document: Document) -> Path:
    headings = {fold(_heading_text(block)) for block in document.blocks if block.kind == "heading"}
    title = document.title.strip()
    return (title,) if title and fold(title) not in headings else ()


def _in_batches(count: CountTokens) -> CountTokens:
    def counted(texts: Sequence[str]) -> list[int]:
        parts = (texts[start : start + COUNTED_AT_ONCE] for start in range(0, len(texts), COUNTED_AT_ONCE))
        return [tokens for part in parts for tokens in count(part)]

    return counted


def _offsets(blocks: Sequence[Block]) -> list[int]:
    offsets, position = [], 0
    for block in blocks:
        offsets.append(position)
        position += len(block.text) + len(BLOCK_SEPARATOR)
    return offsets


# Sections


def _sections(run: _Run) -> list[_Section]:
    """The document divided by heading path, by table, and by slide, sheet or record; tokens are counted."""
    numbers = [number for number, block in enumerate(run.blocks) if block.text.strip()]
    groups = [(key, list(group)) for key, group in groupby(numbers, lambda number: _section_key(number, run))]
    sections = _captioned([_section(*key, found, run) for key, found in groups], run)
    _count_headings([*run.root, *(heading for section in sections for heading in section.path)], run)
    counts = iter(_count_units([unit for section in sections for unit in section.units], run))
    return [replace(s, units=tuple(replace(unit, tokens=next(counts)) for unit in s.units)) for s in sections]


def _section_key(number: int, run: _Run) -> tuple[Path, tuple[int | None, ...], int | None]:
    block = run.blocks[number]
    path = (*block.headings, _heading_text(block)) if block.kind == "heading" else block.headings
    place = (block.page,) if run.document.page_unit in ("slide", "sheet", "record") else ()
    return path, place, number if block.kind == "table" else None


def _heading_text(block: Block) -> str:
    return block.text.lstrip("#").strip()


def _section(path: Path, place: tuple[int | None, ...], table: int | None, numbers: list[int], run: _Run) -> _Section:
    if table is None:
        return _Section(path, tuple(_text_units(numbers, run)), place)
    text = run.blocks[table].text
    rows = line_spans(text)
    if len(rows) < 3 or not set(text[slice(*rows[1])]) <= set("|-: "):
        return _Section(path, tuple(_units(rows, table, run)), place, is_table=True)
    header = text[rows[0][0] : rows[1][1]] + "\n"
    return _Section(path, tuple(_units([(rows[0][0], rows[2][1]), *rows[3:]], table, run)), place, header, is_table=True)


def _text_units(numbers: Sequence[int], run: _Run) -> Iterator[_Unit]:
    for position, number in enumerate(numbers, 1):
        block = run.blocks[number]
        *units, last = _units(_coarse(sentence_spans(block.text)), number, run)
        yield from units
        yield replace(last, cut=LEAD_CUT if position < len(numbers) and _leads_on(block) else 0.0)


def _leads_on(block: Block) -> bool:
    """Whether a block announces the next one: a heading, a line that looks like one, a sentence that ends with a colon."""
    text = block.text.rstrip()
    looks_like_heading = block.kind == "text" and len(text) <= _CAPTION_CHARS // 2 and text[-1] not in ".!?…"
    return block.kind == "heading" or looks_like_heading or text.endswith(":")


def _units(spans: Sequence[Span], number: int, run: _Run) -> Iterator[_Unit]:
    offset = run.offsets[number]
    return (_Unit(offset + start, offset + end, number, cut=SENTENCE_CUT) for start, end in spans)


def _coarse(spans: Sequence[Span]) -> list[Span]:
    """Joins a short span with the next one, and a short last one with the one before."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and joined[-1][1] - joined[-1][0] < UNIT_CHARS:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    if len(joined) > 1 and joined[-1][1] - joined[-1][0] < UNIT_CHARS:
        joined[-2:] = [(joined[-2][0], joined[-1][1])]
    return joined


def _captioned(sections: Sequence[_Section], run: _Run) -> list[_Section]:
    """A table takes the sentence that leads to it (`Dietas por país:`) into its heading path."""
    return [
        replace(section, path=(*section.path, caption))
        if section.is_table and before and before.path == section.path and (caption := _caption(before, run))
        else section
        for before, section in zip([None, *sections], sections, strict=False)
    ]


def _caption(section: _Section, run: _Run) -> str:
    last = section.units[-1]
    if section.is_table or last.end - last.start > _CAPTION_CHARS * 4 or run.blocks[last.block].kind == "heading":
        return ""
    text = run.document.text[last.start : last.end]
    sentence = text[slice(*sentence_spans(text)[-1])]
    return sentence.rstrip(": ") if len(sentence) <= _CAPTION_CHARS and _CAPTION.match(sentence) else ""


def _count_headings(headings: Sequence[str], run: _Run) -> None:
    unique = list(dict.fromkeys(headings))
    counts = run.count([text[: run.limit * MOST_CHARS_A_TOKEN] for text in unique])
    run.heading_tokens.update(zip(unique, counts, strict=True))


def _count_units(units: Sequence[_Unit], run: _Run) -> list[int]:
    """Tokens of each unit; what is too long anyway is not counted but estimated from its characters."""
    most = run.limit * MOST_CHARS_A_TOKEN
    counts = iter(run.count([run.document.text[u.start : u.end] for u in units if u.end - u.start <= most]))
    return [next(counts) if u.end - u.start <= most else u.end - u.start for u in units]


# Small sections together


def _merged(sections: Sequence[_Section], run: _Run) -> Iterator[_Section]:
    """Small neighbours joined; each section with its headings chosen, and without the headings these say."""
    waiting: _Section | None = None
    for section, following in zip(sections, [*sections[1:], None], strict=False):
        if following and _is_said_by(section, following, run):
            continue
        joined = waiting and _joined(waiting, section, run)
        if waiting and not joined:
            yield _prepared(waiting, run)
        waiting = joined or section
    if waiting:
        yield _prepared(waiting, run)


def _joined(first: _Section, second: _Section, run: _Run) -> _Section | None:
    """Both as one section under their common heading, if one is small and they may share a chunk."""
    path = _common(first.path, second.path)
    if first.is_table or second.is_table or first.place != second.place or not path:
        return None
    if not (_names_itself(first, path, run) and _names_itself(second, path, run)):
        return None
    is_small = min(first.tokens, second.tokens) * SMALL_SHARE <= run.limit
    fits = first.tokens + second.tokens <= run.limit - _tokens_of(_headings(path, run), run)
    return replace(first, path=path, units=first.units + second.units) if is_small and fits else None


def _names_itself(section: _Section, path: Path, run: _Run) -> bool:
    """Whether no heading of the section is lost below this path: it has none, or one that begins its text."""
    block = run.blocks[section.units[0].block]
    return section.path in (path, (*path, _heading_text(block) if block.kind == "heading" else None))


def _common(first: Path, second: Path) -> Path:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    return first[:same]


def _is_said_by(section: _Section, following: _Section, run: _Run) -> bool:
    """Whether the section is nothing but headings, which the following section carries in its path."""
    headings = _headings(following.path, run)
    return following.path[: len(section.path)] == section.path and not _without_headings(section.units, headings, run)


def _prepared(section: _Section, run: _Run) -> _Section:
    headings = _headings(section.path, run)
    units = _without_headings(section.units, headings, run) or section.units
    return replace(section, units=units, headings=headings, room=run.limit - _tokens_of(headings, run))


def _without_headings(units: tuple[_Unit, ...], headings: Path, run: _Run) -> tuple[_Unit, ...]:
    """The units after the leading headings that the heading path says already."""
    said = takewhile(lambda unit: _is_heading_of(run.blocks[unit.block], headings), units)
    return units[sum(1 for _ in said) :]


def _is_heading_of(block: Block, headings: Path) -> bool:
    return block.kind == "heading" and _heading_text(block) in headings


def _headings(path: Path, run: _Run) -> Path:
    """Title and headings, as much as fits in their share of a chunk; outer ones go first, then the end of the last one."""
    headings, most = (*run.root, *path), run.limit // HEADING_SHARE
    while len(headings) > 1 and _tokens_of(headings, run) > most:
        headings = headings[1:]
    if _tokens_of(headings, run) <= most:
        return headings
    return (headings[0][: most * len(headings[0]) // (2 * run.heading_tokens[headings[0]])],)


def _tokens_of(headings: Path, run: _Run) -> int:
    """Tokens of a heading path with its separators; one that was cut is as long as it may be."""
    return sum(run.heading_tokens.get(heading, run.limit // HEADING_SHARE) + 2 for heading in headings)


# Units that are too long


def _shortened(section: _Section, run: _Run) -> _Section:
    """The section with every unit cut into pieces that fit; a table's header is repeated unless it is too long."""
    header_tokens = run.count([section.header])[0] if section.header else 0
    if header_tokens > section.room // HEADER_SHARE:
        header_tokens = 0
    units = _fitting(section.units, section.room - header_tokens, run)
    return replace(section, units=units, header_tokens=header_tokens)


def _fitting(units: tuple[_Unit, ...], room: int, run: _Run) -> tuple[_Unit, ...]:
    while any(_is_too_long(unit, room) for unit in units):
        halves = [half for unit in units if _is_too_long(unit, room) for half in _halves(unit, run.document.text)]
        counted = iter(replace(half, tokens=n) for half, n in zip(halves, _count_units(halves, run), strict=True))
        units = tuple(
            piece for unit in units for piece in ((next(counted), next(counted)) if _is_too_long(unit, room) else (unit,))
        )
    return units


def _is_too_long(unit: _Unit, room: int) -> bool:
    return unit.tokens > room and unit.end - unit.start > 1


def _halves(unit: _Unit, text: str) -> tuple[_Unit, _Unit]:
    """The unit cut near its middle: after a clause, else between words, else between characters."""
    middle, reach = (unit.start + unit.end) // 2, min((unit.end - unit.start) // 4, 200)
    window = text[middle - reach : middle + reach]
    cuts = [m.end() for m in _CLAUSE_END.finditer(window)] or [m.start() for m in re.finditer(r"\s", window)] or [reach]
    cut = middle - reach + min(cuts, key=lambda position: abs(position - reach))
    return replace(unit, end=cut, cut=PIECE_CUT), replace(unit, start=_skip_space(text, cut, unit.end - 1))


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


# Cuts


def _pack(section: _Section, run: _Run) -> Iterator[_Draft]:
    """The section's units as chunks, at the cuts that cost least: costs of chunks, of cuts, and of room left empty, squared."""
    starts = [0] * (len(section.units) + 1)
    costs = [0.0]
    for end in range(1, len(section.units) + 1):
        options = _options(section, end)
        cost, starts[end] = min((costs[start] + cost, start) for start, cost in options)
        costs.append(cost)
    bounds = [len(section.units)]
    while bounds[-1]:
        bounds.append(starts[bounds[-1]])
    for start, end in pairwise(reversed(bounds)):
        yield _Draft(section, section.units[start:end], section.header if start and section.header_tokens else "")


def _options(section: _Section, end: int) -> Iterator[tuple[int, float]]:
    """Each unit a chunk that ends before unit `end` may start with, and what that chunk costs."""
    units, room = section.units, max(section.room, 1)
    cut = units[end - 1].cut if end < len(units) else 0.0
    tokens = 0
    for start in range(end - 1, -1, -1):
        tokens += units[start].tokens
        filled = tokens + (section.header_tokens if start else 0)
        if filled > room and start < end - 1:
            return
        yield start, CHUNK_COST + cut + (max(room - filled, 0) / room) ** 2


# Chunks


def _chunks(drafts: Sequence[_Draft], run: _Run) -> list[Chunk]:
    """The finished chunks; one whose tokens together are more than its parts' is cut in two."""
    language = detect_language(run.document.text)
    chunks = [_chunk(draft, run, language) for draft in drafts]
    counted = zip(drafts, chunks, run.count([chunk.embedding_text for chunk in chunks]), strict=True)
    done: list[Chunk] = []
    for draft, chunk, tokens in counted:
        if tokens > run.limit and (smaller := _smaller(draft, run)):
            done += _chunks(smaller, run)
        else:
            done.append(replace(chunk, tokens=tokens))
    return [replace(chunk, ordinal=ordinal) for ordinal, chunk in enumerate(done)]


def _smaller(draft: _Draft, run: _Run) -> list[_Draft]:
    units = draft.units if len(draft.units) > 1 else _fitting(draft.units, draft.units[0].tokens // 2, run)
    if len(units) < 2:
        return []
    half = len(units) // 2
    repeated = draft.section.header if draft.section.header_tokens else ""
    return [replace(draft, units=units[:half]), replace(draft, units=units[half:], prefix=repeated)]


def _chunk(draft: _Draft, run: _Run, language: str) -> Chunk:
    start, end = draft.units[0].start, draft.units[-1].end
    text = draft.prefix + run.document.text[start:end]
    pages = [page for unit in draft.units if (page := run.blocks[unit.block].page) is not None]
    return Chunk(
        ordinal=0, text=text, start=start, end=end, prefix=draft.prefix,
        kind="table" if draft.section.is_table else "text",
        page=min(pages, default=None), page_end=max(pages, default=None), headings=draft.section.headings,
        language=language if draft.section.is_table else detect_language(text, language),
    )  # fmt: skip
