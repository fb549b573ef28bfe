"""`python -m onrecord`, and what the command `onrecord` calls: the same in a checkout and where it is installed."""

from api.cli import main

if __name__ == "__main__":
    main()
