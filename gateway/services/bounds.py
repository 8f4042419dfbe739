"""How much a call can make a model read, and a count of it when no upstream has counted."""

import orjson

from gateway.services import chat_requests, embedding_requests, message_requests, tokenizer
from gateway.services.model_requests import ModelRequest, Surface
from ledger.services.pricing import ModelLimits

# What a chat template puts around each message: at most, and as a rule.
MOST_TOKENS_PER_MESSAGE = 8
USUAL_TOKENS_PER_MESSAGE = 4
# An image, a sound or a file; nobody but the upstream can know better.
USUAL_TOKENS_PER_MEDIA_PART = 1000

_TEXTS_OF = {
    Surface.CHAT: chat_requests.texts,
    Surface.MESSAGES: message_requests.texts,
    Surface.EMBEDDINGS: embedding_requests.texts,
}


def input_bound(request: ModelRequest, limits: ModelLimits) -> int:
    """Return the most input tokens that ``request`` can be, whatever the tokenizer.

    A token stands for at least one byte, so the request's length bounds its text, with room for what
    templates write around tools and calls in place of JSON. What is not text has the model's own ceiling.
    Where that is unknown, and for what lies elsewhere, it is the whole context. Of embeddings each input has
    a context of its own, so that only their length bounds them together.
    """
    media, ceiling = request.media, limits.media_part_tokens
    text = len(request.rest) - media.size_bytes + MOST_TOKENS_PER_MESSAGE * request.messages
    if request.surface is Surface.EMBEDDINGS:
        return text
    if media.references or (media.parts and ceiling is None):
        return limits.context_tokens
    most = text + limits.input_overhead_tokens + media.parts * (ceiling or 0)
    return min(limits.context_tokens, most)


def estimated_input(request: ModelRequest) -> int:
    """Count the input tokens of ``request`` with our own tokenizer; takes time with long texts."""
    texts = _TEXTS_OF[request.surface](orjson.loads(request.rest))
    media_parts = request.media.parts + request.media.references
    return (
        tokenizer.count("\n".join(texts))
        + USUAL_TOKENS_PER_MESSAGE * request.messages
        + USUAL_TOKENS_PER_MEDIA_PART * media_parts
    )
