"""How borrowed words are written here."""

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def sentence_case(text: str) -> SafeString:
    """Write a title as a sentence begins: allauth titles Like This, this site titles like this.

    The text comes from a rendered template, so it is escaped already.
    """
    words = text.strip()
    return mark_safe(words[:1].upper() + words[1:].lower())  # noqa: S308 — escaped by its own template
