"""What is asked in one protocol, said in the other: OpenAI's chat completions and Anthropic's messages.

Pure functions and small classes over objects that were JSON: no network, no tables, no money. Requests are
translated by `messages_to_chat` and `chat_to_messages`, answers and streams by `chat_answers` and
`message_answers`; each of the other modules tells one story in both directions. What has no counterpart is
refused by name, never left out: docs/gateway.md lists what is carried, what is left unsaid, what is refused.
"""
