"""`python -m gateway` is the command `gate06`."""

from gateway.cli.command import main

if __name__ == "__main__":
    main()
