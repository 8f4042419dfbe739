"""The gateway's tables."""

from gateway.models.channels import Channel, ChannelModel

__all__ = ["Channel", "ChannelModel"]
