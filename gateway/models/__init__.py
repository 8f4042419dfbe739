"""The gateway's tables."""

from gateway.models.channels import Channel, ChannelModel, Protocol

__all__ = ["Channel", "ChannelModel", "Protocol"]
