"""What the kinds of back ends differ in, as far as the rest of the product cares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind can do. None: servers of this kind differ, so that one must be asked (`midas backends check` does).

    `usage_in_stream`: the server counts the tokens of streamed answers. `json_schema`: it constrains an answer to a JSON
    schema. `prefix_cache`: a prompt's beginning that it read before is not read again. `rejects_long_prompts`: it answers a
    prompt longer than its window with an error, so that a wrong `context_window` shows. `token_limit`: how the request calls
    the longest answer. `stop`: it heeds stop sequences. `logprobs`: it reports the probabilities of tokens, and can be kept
    from writing one (option `never` of `astream_chat`). `manages_models`: models can be pulled and removed through it.
    `notes`: what else an admin should know, a sentence each.
    """

    usage_in_stream: bool | None = None
    json_schema: bool | None = None
    prefix_cache: bool | None = None
    lists_models: bool = False
    rejects_long_prompts: bool = False
    token_limit: str = "max_tokens"
    stop: bool = False
    logprobs: bool = False
    manages_models: bool = False
    notes: tuple[str, ...] = ()
