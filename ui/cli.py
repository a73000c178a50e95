"""The `midas` command. Anything heavy is imported by the command that needs it, so that help appears at once."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ingest.errors import ConfigError, MidasError
from ui.backends_cli import backends_app
from ui.command import Json, Yes, confirm, done, leave, load_settings, open_service
from ui.eval_cli import eval_app
from ui.ledger_cli import audit, usage
from ui.models_cli import models_app
from ui.process_memory import building
from ui.users_cli import groups_app, keys_app, users_app

if TYPE_CHECKING:
    from ui.service import Question

app = typer.Typer(
    name="midas",
    help="Answers questions from your own documents, with citations. Nothing leaves the company unless you add a cloud.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
documents_app = typer.Typer(help="List, show and delete documents, see their history.", no_args_is_help=True)
collections_app = typer.Typer(help="List and delete collections, keep them from the cloud.", no_args_is_help=True)
app.add_typer(documents_app, name="documents")
app.add_typer(collections_app, name="collections")
app.add_typer(models_app, name="models")
app.add_typer(backends_app, name="backends")
app.add_typer(eval_app, name="eval")
app.add_typer(users_app, name="users")
app.add_typer(groups_app, name="groups")
app.add_typer(keys_app, name="keys")

Names = Annotated[
    list[str] | None,
    typer.Option("--collection", "-c", metavar="NAME", help="Search this collection; repeat for several. Default: all."),
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend", "-b", metavar="NAME", help="Back end that writes the answer. Default: default_backend of midas.toml."
    ),
]
Language = Annotated[
    Literal["es", "en"] | None,
    typer.Option("--language", "-l", help="Language of the answer, es or en. Default: that of the question."),
]
Collection = Annotated[str, typer.Argument(metavar="COLLECTION", help="Name of the collection.")]
DocumentName = Annotated[
    str, typer.Argument(metavar="DOCUMENT", help="Id or source of the document, as `midas documents list` shows them.")
]


@app.callback()
def options(
    home: Annotated[Path | None, typer.Option("--home", metavar="PATH", help="Data directory. Default: $MIDAS_HOME.")] = None,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=lambda wanted: _version(wanted), help="Print the version and exit."),
    ] = False,
) -> None:
    if home is not None:
        os.environ["MIDAS_HOME"] = str(home)


# Questions


@app.command()
def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, in quotes.")],
    collection: Names = None,
    backend: Backend = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Answer a question, with the passages behind the answer."""
    import asyncio

    from ui import terminal
    from ui.service import ask as whole_answer

    asked = _question(question, collection, backend, language)
    with open_service() as service:
        if json:
            terminal.print_json(asyncio.run(whole_answer(service, asked)))
        else:
            asyncio.run(terminal.show_answer(service.stream(asked)))


@app.command()
def chat(collection: Names = None, backend: Backend = None, language: Language = None, json: Json = False) -> None:
    """Hold a conversation, one question a line.

    An empty line or the end of the input ends it.
    """
    import asyncio

    from ui.conversation import converse

    with open_service() as service:
        asyncio.run(converse(service, _question("", collection, backend, language), json=json))


@app.command()
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words or a question.")],
    collection: Names = None,
    top_k: Annotated[
        int | None, typer.Option("--top-k", "-k", metavar="NUMBER", min=1, max=100, help="Passages to show.")
    ] = None,
    document: Annotated[
        list[str] | None,
        typer.Option("--document", metavar="ID", help="Search this document only (its id); repeat for several."),
    ] = None,
    date_from: Annotated[
        datetime | None, typer.Option("--from", metavar="DATE", formats=["%Y-%m-%d"], help="Documents dated this day or later.")
    ] = None,
    date_to: Annotated[
        datetime | None, typer.Option("--to", metavar="DATE", formats=["%Y-%m-%d"], help="Documents dated this day or earlier.")
    ] = None,
    json: Json = False,
) -> None:
    """Find passages, without asking a language model."""
    from ingest.types import Filter
    from ui import terminal

    wanted = Filter(documents=tuple(document or ()), date_from=_iso(date_from), date_to=_iso(date_to))
    with open_service() as service:
        found = service.search(query, collection or None, top_k, wanted)
    if json:
        terminal.print_json(found)
        return
    for number, passage in enumerate(found.passages, 1):
        terminal.out.print(terminal.plain(f"{number}. {terminal.place(passage)}  ({passage.score:.2f})", "bold"))
        terminal.out.print(terminal.plain(f"   {terminal.shortened(passage.text, 300)}"))
    if not found.passages:
        terminal.err.print("No passage found.")


# Documents


@app.command()
def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files and folders; folders are read with all their subfolders.")
    ],
    collection: Annotated[
        str, typer.Option("--collection", "-c", metavar="NAME", help="Collection that the documents go into; made if absent.")
    ],
    sync: Annotated[bool, typer.Option("--sync", help="Also remove documents whose files are gone from the folders.")] = False,
    json: Json = False,
) -> None:
    """Read documents into a collection.

    Files that have not changed are skipped, so an interrupted run is resumed by running it again.
    A file that cannot be read gets one line and does not stop the others; the exit code is 1 when no file could be read.
    """
    from ingest.files import check_exists
    from ui import terminal

    for path in paths:
        check_exists(path)
    with open_service() as service, terminal.interruptible() as stopped:
        with terminal.ingest_progress() as progress:
            report = service.ingest(paths, collection, sync=sync, progress=progress, cancelled=stopped)
        interrupted = stopped()
    if json:
        terminal.print_json(report)
    else:
        terminal.print_report(report)
    leave(130 if interrupted else int(report.failed > 0 and report.added + report.replaced + report.skipped == 0))


@documents_app.command("list")
def list_documents(collection: Collection, json: Json = False) -> None:
    """List the documents of a collection with their states."""
    from ui import terminal

    with open_service() as service:
        rows = service.documents(collection)
    if json:
        terminal.print_json(rows)
        return
    lines = [(row.document_id, row.source, row.state, row.chunks, row.date, row.message) for row in rows]
    terminal.out.print(terminal.table(("id", "source", "state", "chunks", "date", "reason"), lines))


@documents_app.command("show")
def show_document(collection: Collection, document: DocumentName, json: Json = False) -> None:
    """Show a document: its data and the text that is searched."""
    from ui import terminal

    with open_service() as service:
        view = service.document(collection, document)
    if json:
        terminal.print_json(view)
    else:
        terminal.print_document(view)


@documents_app.command("history")
def document_history(collection: Collection, document: DocumentName, json: Json = False) -> None:
    """Show the versions and failures of a document."""
    from ui import terminal

    with open_service() as service:
        events = service.history(collection, document)
    if json:
        terminal.print_json(events)
        return
    lines = [
        (event.at, event.event, event.number, "yes" if event.served else "no", event.by, event.chunks, event.message)
        for event in events
    ]
    terminal.out.print(terminal.table(("at", "event", "version", "served", "by", "chunks", "reason"), lines))


@documents_app.command("delete")
def delete_document(collection: Collection, document: DocumentName, yes: Yes = False, json: Json = False) -> None:
    """Delete a document from a collection. The file it was read from stays."""
    confirm(f"Delete {document} from {collection}?", yes or json)
    with open_service() as service:
        service.delete_document(collection, document)
    done(json, f"{document} is deleted from {collection}.", deleted=document, collection=collection)


@collections_app.command("list")
def list_collections(json: Json = False) -> None:
    """List the collections and what they were built with."""
    from ui import terminal

    with open_service() as service:
        infos = service.collections()
    if json:
        terminal.print_json(infos)
    elif infos:
        lines = [
            (
                info.name, info.documents, info.chunks, info.embedder, info.chunk_tokens, ", ".join(info.groups) or "admins",
                "yes" if info.private else "no",
            )
            for info in infos
        ]  # fmt: skip
        columns = ("name", "documents", "chunks", "embedder", "chunk tokens", "readers", "private")
        terminal.out.print(terminal.table(columns, lines))
    else:
        terminal.err.print("There are no collections yet: `midas ingest PATH --collection NAME` makes one.")


@collections_app.command("private")
def set_private(
    name: Collection,
    state: Annotated[Literal["on", "off"], typer.Argument(metavar="on|off", help="Whether the collection is private.")],
    json: Json = False,
) -> None:
    """Keep a collection from back ends in the cloud, or not.

    A back end in the cloud is refused for questions about a private collection; a local fallback of it may answer.
    """
    private = state == "on"
    with open_service() as service:
        service.set_private(name, private)
    told = "private: back ends in the cloud are refused for it" if private else "not private: every back end may answer from it"
    done(json, f"Collection {name} is {told}.", collection=name, private=private)


@collections_app.command("share")
def share(
    name: Collection,
    groups: Annotated[
        list[str] | None,
        typer.Argument(metavar="[GROUP]...", help="All groups that may read it; `everyone`: who is signed in."),
    ] = None,
    json: Json = False,
) -> None:
    """Let groups read a collection, and no others.

    Without a group, admins alone read it. `midas groups add` makes groups.
    """
    from ui.backroom import people_desk
    from ui.people.sharing import share as share_with

    with people_desk() as desk:
        readers = ", ".join(share_with(desk.house.service, desk.house.register.groups, name, groups or []))
    told = f"shared with {readers}" if readers else "shared with nobody: admins alone read it"
    done(json, f"Collection {name} is {told}.", collection=name, groups=readers)


@collections_app.command("describe")
def describe(
    name: Collection,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is in it, in a sentence; empty: nothing is said.")],
    json: Json = False,
) -> None:
    """Tell those who read a collection what is in it."""
    with open_service() as service:
        service.describe(name, text)
    done(json, f"Collection {name} is described.", collection=name, description=text)


@collections_app.command("delete")
def delete_collection(name: Collection, yes: Yes = False, json: Json = False) -> None:
    """Delete a collection with all its documents. The files they were read from stay."""
    confirm(f"Delete the collection {name} with all its documents?", yes or json)
    with open_service() as service:
        service.delete_collection(name)
    done(json, f"Collection {name} is deleted.", deleted=name)


@app.command()
def reindex(collection: Collection, json: Json = False) -> None:
    """Build a collection anew with the current settings.

    Embedder and chunk size are those of midas.toml. The old index serves until the new one is complete.
    """
    from ui import terminal

    with open_service() as service, terminal.interruptible() as stopped, terminal.ingest_progress() as progress:
        built = service.reindex(collection, progress=progress, cancelled=stopped)
    if not built:
        leave(130)
    done(json, f"Collection {collection} is built anew.", reindexed=collection)


@app.command()
def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    json: Json = False,
) -> None:
    """Check the data directory and explain what is wrong.

    The exit code is 1 when something is.
    """
    from ui import terminal

    with open_service() as service:
        findings = service.doctor(repair=repair)
    if json:
        terminal.print_json(findings)
    else:
        terminal.print_findings(findings)
    leave(int(any(finding.severity != "ok" and not finding.repaired for finding in findings)))


# The server


@app.command()
def serve(
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="ADDRESS", help="Address to listen on. Default: 127.0.0.1."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", "-p", metavar="NUMBER", min=0, max=65535, help="Port to listen on; 0 takes a free one. Default: 7860."
        ),
    ] = None,
    backend: Backend = None,
    tls_certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", metavar="FILE", help="Serve https with this certificate (PEM).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="The certificate's key (PEM).")] = None,
    json: Json = False,
) -> None:
    """Serve the web page and the HTTP API.

    People sign in once there is an account, or when other machines can reach the address. While the server runs, the other
    commands go through it.
    """
    with building():
        from ui.server import serve as run

    settings = load_settings()
    if (tls_certificate is None) != (tls_key is None):
        raise ConfigError("--tls-certificate and --tls-key need each other.")
    settings.server.tls_certificate = tls_certificate or settings.server.tls_certificate
    settings.server.tls_key = tls_key or settings.server.tls_key
    if backend is not None:
        settings.default_backend = backend
    run(settings, host or settings.server.host, settings.server.port if port is None else port, json=json)


# Parts


def _question(text: str, collections: list[str] | None, backend: str | None, language: Literal["es", "en"] | None) -> Question:
    from ui.service import Question

    return Question(text, collections=tuple(collections) if collections else None, backend=backend, language=language)


def _iso(day: datetime | None) -> str | None:
    return day.date().isoformat() if day else None


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"midas {version('midas-assistant')}")
        raise typer.Exit


app.command()(usage)
app.command()(audit)


def main() -> None:
    """Exit code 0 on success, 1 when the work failed, 2 on wrong use, 130 on Ctrl-C."""
    try:
        app(prog_name="midas")
    except MidasError as error:
        typer.echo(f"midas: {error.message}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)


if __name__ == "__main__":
    main()
