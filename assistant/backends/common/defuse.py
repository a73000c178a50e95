"""Text of documents and questions that a model's chat template could take for a control token."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    r"<(?=\|)"  # <|im_start|>, <|eot_id|>, <|user|>: ChatML, Llama 3, Phi, Falcon 3
    r"|<(?=｜)"  # <｜User｜>: DeepSeek
    r"|<(?=/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|think|tool_call|tool_response)>)"  # Llama 2, Mistral, Gemma, Qwen 3
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT)\])"  # Mistral
    r"|<(?=</?SYS>>)"  # Llama 2
)


def defused(text: str) -> str:
    """The text with a space inside everything that looks like a control token of a known family of models."""
    return _CONTROL.sub(lambda found: f"{found.group()} ", text)
