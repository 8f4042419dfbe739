"""The edges: how calls come in and answers go out, over HTTP."""
