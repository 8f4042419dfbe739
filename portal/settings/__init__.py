"""Settings: `base` for everyone, then one of `local`, `test`, `production`."""
