"""Pages for staff: signing in, and confirming a command."""
