"""What can go wrong at the command line itself."""

from http import HTTPStatus

from lianfang.common.errors import LianfangError


class BackupBroken(LianfangError):  # noqa: N818
    """The backup {archive} cannot be used: {reason}."""

    code = "cli.backup_broken"
    hint = "Use another backup; make new ones, and restore one of them into an empty database now and then."


class OtherEngine(LianfangError):  # noqa: N818
    """The backup was made on {made}, and this site runs on {here}."""

    code = "cli.other_engine"
    hint = "Set LIANFANG_DATABASE_URL to a database of the kind that the backup was made on."


class DatabaseInUse(LianfangError):  # noqa: N818
    """There is a site in this database already."""

    code = "cli.database_in_use"
    status = HTTPStatus.CONFLICT
    hint = (
        "Restore into an empty database; or stop the site and add --replace, and what is there now is gone."
    )


class ToolMissing(LianfangError):  # noqa: N818
    """{tool} is not installed."""

    code = "cli.tool_missing"
    hint = "Install the client programs of PostgreSQL (apt-get install postgresql-client)."


class ToolFailed(LianfangError):  # noqa: N818
    """{tool} ended with status {status}."""

    code = "cli.tool_failed"
    hint = "Its own words stand above; mostly the connection or the version of the server."
