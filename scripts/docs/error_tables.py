"""Tables of all messages and HTTP statuses, with cause and cure."""

from __future__ import annotations

from scripts.docs.causes import CAUSES, Cause
from scripts.docs.markdown import cell, table
from scripts.docs.messages import Message, messages
from tap_bigcommerce.api.status_codes import ACTIONS, STATUS_RULES


def message_tables() -> str:
    """Tables of all messages by section. Raises ValueError if one has no cause."""
    found = explained()
    parts = []
    for section, causes in CAUSES.items():
        rows = [
            (cell(message.pattern), cause.cause, cause.cure)
            for cause in causes
            for message in found[cause.part]
        ]
        parts.append(f"## {section}\n\n{table(('message', 'cause', 'cure'), rows)}")
    return "\n".join(parts)


def status_table() -> str:
    """A table of the API's statuses: meaning, what the tap does, cure."""
    rows = [
        (status, cell(meaning.message), ACTIONS[meaning.action]["tap"], meaning.cure)
        for status, meaning in STATUS_RULES.items()
        if meaning.cure
    ]
    return table(("status", "meaning", "the tap", "cure"), rows)


def explained() -> dict[str, list[Message]]:
    """The messages of each cause, by the cause's `part`. For each message the longest part counts.

    Raises ValueError with all messages without a cause, and all causes without a message.
    """
    causes: dict[str, Cause] = {c.part: c for section in CAUSES.values() for c in section}
    found: dict[str, list[Message]] = {part: [] for part in causes}
    wrong = []
    for message in messages():
        # A part that begins with … is a complete pattern; as a part it would match many others.
        fitting = [
            part
            for part in causes
            if (part == message.pattern if part.startswith("…") else part in message.pattern)
        ]
        if fitting:
            found[max(fitting, key=len)].append(message)
        else:
            wrong.append(f"{message.location}: {message.pattern!r} has no cause")
    wrong += [f"{part!r} is in no message any more" for part, of in found.items() if not of]
    if wrong:
        raise ValueError("scripts/docs/causes.py does not fit the tap:\n" + "\n".join(wrong))
    return found
