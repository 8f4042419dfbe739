"""The upstreams, as HTTP speaks with them. Nothing here knows our tables."""
