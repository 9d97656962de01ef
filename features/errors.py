"""The errors a user can meet.

DebtscapeError
├── ConfigurationError    a key, value or file of the configuration is wrong
├── LedgerError           a ledger file cannot be used as a whole (a bad row is rejected instead)
├── ModelError            a model is missing, refused or does not fit the rows it is given
└── PublicationError      a run cannot be published or read

Each message is one or two lines: what is wrong, where, and the way out.
The command line prints it without a traceback and exits with code 1.
"""


class DebtscapeError(Exception):
    """A clear refusal: its text is meant for the user."""


class ConfigurationError(DebtscapeError):
    """A key, value or file of the configuration is wrong."""


class LedgerError(DebtscapeError):
    """A ledger file cannot be used as a whole."""


class ModelError(DebtscapeError):
    """A model is missing, refused, or does not fit the rows it is given."""


class PublicationError(DebtscapeError):
    """A run cannot be published or read."""
