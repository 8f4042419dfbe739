"""Addresses as programs want them."""

from django import template

register = template.Library()


@register.filter
def site_root(base_url: str) -> str:
    """Write the Base URL without its version: programs made for Anthropic append that themselves."""
    return base_url.removesuffix("/v1")
