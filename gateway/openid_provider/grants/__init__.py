"""One file per grant type; which exist is the table in `endpoints.py`."""
