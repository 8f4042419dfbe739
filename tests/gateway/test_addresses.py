import pytest

from gateway.api import addresses
from gateway.models import Protocol

OPENAI, ANTHROPIC = Protocol.OPENAI, Protocol.ANTHROPIC
CASES = [
    # the Base URL, however it is written
    ("/", addresses.BASE, OPENAI),
    ("/v1", addresses.BASE, OPENAI),
    ("/v1/", addresses.BASE, OPENAI),
    ("/v1/v1", addresses.BASE, OPENAI),
    ("/openai/v1", addresses.BASE, OPENAI),
    ("/anthropic", addresses.BASE, ANTHROPIC),
    ("/v1/anthropic", addresses.BASE, ANTHROPIC),
    # a base of the bare host, with /v1, doubled, or another's prefix
    ("/chat/completions", addresses.CHAT, OPENAI),
    ("/v1/chat/completions", addresses.CHAT, OPENAI),
    ("//v1//chat/completions/", addresses.CHAT, OPENAI),
    ("/v1/v1/chat/completions", addresses.CHAT, OPENAI),
    ("/openai/v1/chat/completions", addresses.CHAT, OPENAI),
    ("/v1/embeddings", addresses.EMBEDDINGS, OPENAI),
    ("/v1/messages", addresses.MESSAGES, ANTHROPIC),
    ("/messages", addresses.MESSAGES, ANTHROPIC),
    ("/v1/v1/messages", addresses.MESSAGES, ANTHROPIC),
    ("/anthropic/v1/messages", addresses.MESSAGES, ANTHROPIC),
    ("/v1/anthropic/v1/messages", addresses.MESSAGES, ANTHROPIC),
    ("/openai/v1/messages", addresses.MESSAGES, ANTHROPIC),
    ("/v1/messages/count_tokens", addresses.COUNT_TOKENS, ANTHROPIC),
    ("/anthropic/v1/messages/count_tokens", addresses.COUNT_TOKENS, ANTHROPIC),
    # a base that is a whole endpoint
    ("/v1/chat/completions/chat/completions", addresses.CHAT, OPENAI),
    ("/v1/chat/completions/v1/chat/completions", addresses.CHAT, OPENAI),
    ("/v1/chat/completions/models", addresses.MODELS, OPENAI),
    ("/v1/chat/completions/v1/messages", addresses.MESSAGES, ANTHROPIC),
    ("/v1/messages/v1/messages", addresses.MESSAGES, ANTHROPIC),
    ("/v1/messages/v1/messages/count_tokens", addresses.COUNT_TOKENS, ANTHROPIC),
    ("/v1/chat/completions/responses", "/v1/responses", OPENAI),
    # what follows a collection is a name
    ("/v1/models", addresses.MODELS, OPENAI),
    ("/v1/models/", addresses.MODELS, OPENAI),
    ("/anthropic/v1/models", addresses.MODELS, ANTHROPIC),
    ("/v1/models/openai/gpt-oss-120b", "/v1/models/openai/gpt-oss-120b", OPENAI),
    ("/v1/models/v1/messages", "/v1/models/v1/messages", OPENAI),
    ("/v1/receipts/1234", "/v1/receipts/1234", OPENAI),
    # what is nothing of ours stays as it is
    ("/api/v1/messages", "/v1/api/v1/messages", OPENAI),
    ("/v1/api/chat/completions", "/v1/api/chat/completions", OPENAI),
    ("/v1/nothing/here", "/v1/nothing/here", OPENAI),
    ("/v1x/chat/completions", "/v1/v1x/chat/completions", OPENAI),
]


@pytest.mark.parametrize(("path", "true_path", "protocol"), CASES)
def test_every_base_url_leads_to_the_one_address(path: str, true_path: str, protocol: Protocol) -> None:
    address = addresses.read(path, {})

    assert (address.path, address.protocol) == (true_path, protocol)


@pytest.mark.parametrize(("path", "true_path", "_protocol"), CASES)
def test_a_true_address_is_its_own(path: str, true_path: str, _protocol: Protocol) -> None:
    assert addresses.read(true_path, {}).path == true_path


def test_who_names_a_version_of_anthropic_s_speaks_its_protocol() -> None:
    address = addresses.read("/v1/models", {b"anthropic-version": b"2023-06-01"})

    assert address == addresses.Address(addresses.MODELS, ANTHROPIC, is_prefixed=True)


@pytest.mark.parametrize(
    ("path", "name"),
    [("/v1/models/openai/gpt-oss-120b", "openai/gpt-oss-120b"), ("/receipts/12", "12"), ("/v1/models", "")],
)
def test_a_name_may_hold_slashes(path: str, name: str) -> None:
    assert addresses.read(path, {}).name == name


@pytest.mark.parametrize(
    ("path", "has_no_price"),
    [
        ("/v1/responses", True),
        ("/responses", True),
        ("/v1/images/generations", True),
        ("/v1/audio/speech", True),
        ("/v1/completions", True),
        ("/v1/chat/completions", False),
        ("/v1/embeddings", False),
        ("/v1/chat", False),
        ("/v1", False),
    ],
)
def test_the_rest_of_openai_s_surface_is_known_for_what_it_is(path: str, has_no_price: object) -> None:
    assert addresses.has_no_price(addresses.read(path, {})) is has_no_price
