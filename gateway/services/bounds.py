"""How much a call can make a model read, and a count of it when no upstream has counted."""

from gateway.services import chat_requests, tokenizer
from gateway.services.chat_requests import ChatRequest
from ledger.services.pricing import ModelLimits

# What a chat template puts around each message: at most, and as a rule.
MOST_TOKENS_PER_MESSAGE = 8
USUAL_TOKENS_PER_MESSAGE = 4
# An image, a sound or a file; nobody but the upstream can know better.
USUAL_TOKENS_PER_MEDIA_PART = 1000


def input_bound(chat: ChatRequest, limits: ModelLimits) -> int:
    """Return the most input tokens that ``chat`` can be, whatever the tokenizer.

    A token stands for at least one byte, so the request's length bounds its text, with room for what
    templates write around tools and calls in place of JSON. What is not text, or lies elsewhere, can fill
    the whole context.
    """
    if chat.media_parts:
        return limits.context_tokens
    most = len(chat.rest) + limits.input_overhead_tokens + MOST_TOKENS_PER_MESSAGE * chat.messages
    return min(limits.context_tokens, most)


def estimated_input(chat: ChatRequest) -> int:
    """Count the input tokens of ``chat`` with our own tokenizer; takes time with long texts."""
    text = chat_requests.prompt_text(chat.rest)
    return (
        tokenizer.count(text)
        + USUAL_TOKENS_PER_MESSAGE * chat.messages
        + USUAL_TOKENS_PER_MEDIA_PART * chat.media_parts
    )
