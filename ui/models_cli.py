"""`midas models`: the catalogue, the models of this computer and those of back ends' servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import ConfigError
from ui.command import Json, Yes, confirm, done, load_settings

if TYPE_CHECKING:
    from assistant.backends.common.manager import ModelManager
    from assistant.config import Settings

models_app = typer.Typer(help="Choose, fetch, compare and remove models.", no_args_is_help=True)

Backend = Annotated[
    str | None,
    typer.Option("--backend", "-b", metavar="NAME", help="The models of this back end's server, not those of this computer."),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.")]


@models_app.command("list")
def list_models(
    installed: Annotated[bool, typer.Option("--installed", help="Only models that are there.")] = False,
    backend: Backend = None,
    json: Json = False,
) -> None:
    """List the models of the catalogue and those that are installed.

    Memory is told for 4-bit weights and 8,192 tokens of context.
    """
    from ui import model_text

    settings = load_settings()
    there = _manager(settings, backend).installed()
    if backend or installed:
        model_text.print_served(there, json)
    else:
        model_text.print_catalogue(there, json)


@models_app.command("show")
def show_model(name: Name, backend: Backend = None, json: Json = False) -> None:
    """Tell all that is known of a model, and how to run it."""
    from assistant.catalogue import catalogue
    from ui import model_text

    settings = load_settings()
    manager = _manager(settings, backend)
    if backend or name in {model.name for model in manager.installed()} - catalogue().models.keys():
        model_text.print_details(manager.show(name), json)
    else:
        model_text.print_card(name, settings.home, json)


@models_app.command("pull")
def pull_models(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Name of the catalogue, path of a GGUF file, or hf:OWNER/REPO/FILE.gguf. Default: those the settings need.",
        ),
    ] = None,
    backend: Backend = None,
    json: Json = False,
) -> None:
    """Fetch models.

    What is there and whole is not fetched again, and an interrupted download goes on where it ended.
    Every file is checked against its known SHA-256.
    """
    from assistant.local_models import needed_models
    from ui import terminal

    settings = load_settings()
    manager = _manager(settings, backend)
    if backend and not names:
        raise ConfigError(f"Say which model the back end {backend!r} should fetch.")
    wanted = names or needed_models(settings)
    for name in wanted:
        with terminal.pull_progress(name) as progress:
            manager.pull(name, progress)
        if not json:
            terminal.out.print(terminal.plain(f"{name} is there."))
    if json:
        terminal.print_json({"pulled": wanted})


@models_app.command("rm")
def remove_model(name: Name, backend: Backend = None, yes: Yes = False, json: Json = False) -> None:
    """Delete an installed model."""
    manager = _manager(load_settings(), backend)
    confirm(f"Delete the model {name}?", yes or json)
    freed = manager.remove(name)
    told = "" if freed is None else f" {freed / 1e9:.1f} GB are free again."
    done(json, f"Model {name} is deleted.{told}", deleted=name, **({} if freed is None else {"bytes": freed}))


@models_app.command("ps")
def loaded_models(backend: Backend = None, json: Json = False) -> None:
    """List the models in memory, and how much of it they take.

    Without --backend: on this computer, and at the server of every configured back end that can tell.
    """
    from ui import model_text

    settings = load_settings()
    if backend:
        model_text.print_loaded([model_text.Loaded(backend, _manager(settings, backend).loaded())], json)
    else:
        model_text.print_loaded(model_text.all_loaded(settings), json)


@models_app.command("disk")
def disk(backend: Backend = None, json: Json = False) -> None:
    """Tell what models take on the disk, and what can go."""
    from assistant.local_models import disk_use
    from ui import model_text

    settings = load_settings()
    if backend:
        model_text.print_served(_manager(settings, backend).installed(), json)
    else:
        model_text.print_disk(disk_use(settings), settings.home, json)


@models_app.command("verify")
def verify_model(name: Name, json: Json = False) -> None:
    """Check an installed language model against its known SHA-256."""
    from assistant.models import verify

    path = verify(name, load_settings().home)
    done(json, f"{name} is whole: {path}", model=name, path=str(path))


@models_app.command("recommend")
def recommend_models(
    purpose: Annotated[str, typer.Option("--for", metavar="USE", help="chat, reasoning or code.")] = "chat",
    language: Annotated[
        str, typer.Option("--language", "-l", metavar="CODE", help="Language it must know, like es or en; any for any.")
    ] = "es",
    ram: Annotated[str | None, typer.Option("--ram", metavar="SIZE", help="Another computer's memory, like 64GB.")] = None,
    vram: Annotated[
        str | None, typer.Option("--vram", metavar="SIZE", help="Its graphics cards, like 24GB, 2x80GB, or 0 for none.")
    ] = None,
    context: Annotated[
        int, typer.Option("--context", metavar="TOKENS", min=512, help="Prompt and answer together, in tokens.")
    ] = 8192,
    json: Json = False,
) -> None:
    """Tell which models suit a computer, and how fast they are.

    With the reasons against the others, and how to run the best. Looks at processor, memory, graphics cards and disk of this
    computer; with --ram or --vram, at an imagined one.
    """
    from ui import model_text

    model_text.print_advice(model_text.advise(load_settings().home, purpose, language, ram, vram, context), json)


@models_app.command("try")
def try_models(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Back ends or pulled models, one after the other.")],
    prompt: Annotated[str, typer.Option("--prompt", "-p", metavar="TEXT", help="What they are asked.")],
    max_tokens: Annotated[int, typer.Option("--max-tokens", metavar="NUMBER", min=1, help="Longest answer, in tokens.")] = 256,
    json: Json = False,
) -> None:
    """Ask several models the same and compare the answers.

    Shows time to first token, tokens per second and total time, too. Without documents: what the bare models say. The exit
    code is 1 when none answered.
    """
    from ui import model_text

    model_text.run_trials(names, load_settings(), prompt, max_tokens, json)


def _manager(settings: Settings, backend: str | None) -> ModelManager:
    if backend is None:
        from assistant.local_models import LocalModels

        return LocalModels(settings.home)
    from assistant.backends import make_manager

    return make_manager(backend, settings)
