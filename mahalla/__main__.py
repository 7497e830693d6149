"""``python -m mahalla`` is the ``mahalla`` command."""

from mahalla.project.cli import main

if __name__ == "__main__":
    main()
