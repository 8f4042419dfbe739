"""What buyers type: read forgivingly, judged by the services."""
