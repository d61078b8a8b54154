"""What can be done with arriving files, messages and rows."""

from lianfang.intake.services.accepting import accept_batch, dry_run, replay_waiting
from lianfang.intake.services.correcting import (
    error_file,
    open_signal,
    repair_signal,
    set_aside_signal,
    undo_batch,
)
from lianfang.intake.services.exporting import export_csv, export_rows
from lianfang.intake.services.receiving import Plan, Received, confirm_mapping, propose_mapping, receive_file
from lianfang.intake.services.sources import ensure_source
from lianfang.intake.services.streaming import receive_message, receive_messages

__all__ = [
    "Plan",
    "Received",
    "accept_batch",
    "confirm_mapping",
    "dry_run",
    "ensure_source",
    "error_file",
    "export_csv",
    "export_rows",
    "open_signal",
    "propose_mapping",
    "receive_file",
    "receive_message",
    "receive_messages",
    "repair_signal",
    "replay_waiting",
    "set_aside_signal",
    "undo_batch",
]
