"""The model server: an upstream that echoes, in the manner of OpenAI and of Anthropic.

Under ``/v1`` it answers three *surfaces*: `chat` (``/chat/completions``), `messages` (``/messages`` and its
``/count_tokens``) and `embeddings`. Each reads its own requests (`chat_request`, `messages_request`,
`embeddings`) and has its own form of answers (`chat_wire`, `messages_wire`, `embeddings`), of errors and of
usage. What is in between is the same for all: what is said (`completion`, steered by the last user message
as `steering` tells), what the cache knows (`prefix_cache`), and the life of a call (`calls`), which the
behaviour switch can spoil and the served log keeps.

Start reading in `app`.
"""
