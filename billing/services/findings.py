"""What a comparison with a provider found."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Findings:
    """The payments that the provider has in the window, and how many of them differ from ours."""

    seen_ids: set[str] = field(default_factory=set)
    differences: int = 0
