"""Channels: adding and changing upstreams, whose keys are sealed and never shown again."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.errors import SealBroken
from accounts.services import sealing
from gateway.models import Channel, ChannelModel, Protocol
from gateway.providers.routes import Route
from ledger.models import LanguageModel

log = logging.getLogger(__name__)


@transaction.atomic
def add(
    *,
    name: str,
    base_url: str,
    key: str,
    models: Iterable[LanguageModel] = (),
    priority: int = 10,
    protocol: Protocol = Protocol.OPENAI,
) -> Channel:
    """Open a channel that serves ``models`` under our own names for them."""
    channel = Channel(name=name, base_url=base_url, priority=priority, protocol=protocol)
    seal_key(channel, key)
    channel.save()
    for model in models:
        serve(channel, model)
    return channel


def serve(channel: Channel, model: LanguageModel, *, upstream_name: str = "") -> ChannelModel:
    """Let ``channel`` serve ``model``, which its upstream may know by another name."""
    return ChannelModel.objects.update_or_create(
        channel=channel, model=model, defaults={"upstream_name": upstream_name}
    )[0]


def seal_key(channel: Channel, key: str) -> None:
    """Give ``channel``, which the caller saves, its upstream's ``key``. It opens for this Base URL only.

    So nobody who can write rows, or who may edit channels, can have an old key sent to an address of theirs.
    """
    channel.sealed_key = sealing.seal(key.encode(), context=_context(channel))
    channel.key_last_four = key[-4:]


def routes() -> Mapping[int, list[Route]]:
    """Return by model id where each model is to be had, the channel to ask first in front."""
    found: dict[int, list[Route]] = defaultdict(list)
    for served in ChannelModel.objects.in_service():
        channel = served.channel
        try:
            key = sealing.unseal(bytes(channel.sealed_key), context=_context(channel)).decode()
        except SealBroken:
            log.error("channel=%s: its key does not open; enter it again", channel.name)  # noqa: TRY400 - no traceback says more
            continue
        found[served.model_id].append(_route(served, key))
    return found


def _route(served: ChannelModel, key: str) -> Route:
    channel = served.channel
    return Route(
        channel=channel.name,
        protocol=Protocol(channel.protocol),
        base_url=channel.base_url,
        key=key,
        model=served.upstream_name or served.model.name,
        output_limit_field=channel.output_limit_field,
        open_calls_limit=channel.open_calls_limit,
        first_byte_seconds=channel.first_byte_seconds,
        silence_seconds=channel.silence_seconds,
        cool_down_seconds=channel.cool_down_seconds,
    )


def _context(channel: Channel) -> str:
    return f"gateway.channel|{channel.base_url}"
