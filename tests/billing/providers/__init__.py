"""The payment providers, against their stand-in and against what was recorded of the real ones."""
