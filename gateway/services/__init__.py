"""What the gateway does with a call, whatever it came in by."""
