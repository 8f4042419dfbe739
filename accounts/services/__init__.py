"""What the accounts room does. Import the module, not the name: `api_keys.create`, `attempts.spend`."""
