"""What anybody may read without signing in: what this place is, the error catalogue, the status."""
